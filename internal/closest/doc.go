// Package closest finds what a word that nobody knows was probably meant to be. Its
// functions are pure.
package closest
