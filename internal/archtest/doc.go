// Package archtest keeps the architecture true. It has tests only.
//
// They read the whole module and fail when
//
//   - an import is not in the table of ARCHITECTURE.md, or the table breaks the
//     direction of dependencies;
//   - a package has no package comment;
//   - a Markdown file links to a file or heading that does not exist;
//   - a goroutine is started by a bare go statement that has no listed reason;
//   - the root package has an init function;
//   - the environment is read where it must not be.
//
// Every failure names file and line and says what to do. Exceptions live in
// allow_test.go, each with its reason; one that is no longer needed fails too.
package archtest
