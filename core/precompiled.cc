// Compiles precompiled.h for the libraries of core/, which share it.
