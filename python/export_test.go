package python

// Interpreters are the installed ones that the worker program is tested on, by
// version.
var Interpreters = interpreters
