// Questions to the admin address: GET, or POST with a body.
export const kAdminToken = 'admin-token-0123456789';

export async function admin(gate, url, body, token = kAdminToken) {
  const response = await fetch(`${gate.admin}${url}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, json: text.startsWith('{') ? JSON.parse(text) : null };
}
