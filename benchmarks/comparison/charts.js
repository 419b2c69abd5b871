'use strict';
// Horizontal bar charts as SVG: readable on light and dark pages, no script, no font of its own.

const kRow = 30;
const kLabels = 250;
const kBars = 420;
const kValues = 230;
const kTop = 58;

const escape = (text) => text.replace(/`/g, '').replace(/[&<>"]/g,
  (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

/**
 * rows: [{ label, highlighted, parts: [{ value, shade }], text }]; the parts of a bar are stacked.
 * `shade` is 0 or 1. `legend`: [{ shade, text }].
 */
function bar_chart({ title, subtitle, rows, legend = [] }) {
  const longest = Math.max(...rows.map((row) => row.parts.reduce((sum, p) => sum + p.value, 0)));
  const height = kTop + rows.length * kRow + (legend.length ? 30 : 10);
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${kLabels + kBars + kValues}" ` +
      `height="${height}" role="img" aria-label="${escape(title)}">`,
    '<style>',
    'text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600;font-size:15px}',
    '.quiet{fill:#656d76;font-size:12px}.ours{font-weight:600}',
    '.a0{fill:#8c96a3}.a1{fill:#b8c0ca}.b0{fill:#0a66c2}.b1{fill:#6aa9e9}',
    '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9198a1}',
    '.a0{fill:#7d8590}.a1{fill:#4c545e}.b0{fill:#58a6ff}.b1{fill:#2b5f9e}}',
    '</style>',
    `<text class="title" x="8" y="22">${escape(title)}</text>`,
    `<text class="quiet" x="8" y="42">${escape(subtitle)}</text>`,
  ];
  rows.forEach((row, i) => {
    const y = kTop + i * kRow;
    const ours = row.highlighted ? 'ours' : '';
    out.push(`<text class="${ours}" x="${kLabels - 8}" y="${y + 18}" text-anchor="end">` +
      `${escape(row.label)}</text>`);
    let x = kLabels;
    for (const part of row.parts) {
      const width = longest > 0 ? (part.value / longest) * kBars : 0;
      out.push(`<rect class="${row.highlighted ? 'b' : 'a'}${part.shade}" x="${x.toFixed(1)}" ` +
        `y="${y + 4}" width="${width.toFixed(1)}" height="20"/>`);
      x += width;
    }
    out.push(`<text class="${ours}" x="${(x + 8).toFixed(1)}" y="${y + 18}">` +
      `${escape(row.text)}</text>`);
  });
  legend.forEach((entry, i) => {
    const x = kLabels + i * 130;
    const y = height - 20;
    out.push(`<rect class="a${entry.shade}" x="${x}" y="${y}" width="12" height="12"/>`,
      `<text class="quiet" x="${x + 18}" y="${y + 11}">${escape(entry.text)}</text>`);
  });
  return `${out.join('\n')}\n</svg>\n`;
}

module.exports = { bar_chart };
