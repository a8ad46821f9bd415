// Package examples holds programs to start from, one a directory, and Python
// files for the command. Its tests run them.
package examples
