package calling

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/internal/closest"
	"github.com/gotandem/tandem/python"
)

// Inputs is what is known of the inputs of a task.
type Inputs struct {
	Fields int      // how many each has; 0: not known, or one that is not spread
	Names  []string // of the fields; nil: not known, or without names
}

// Check returns why inputs cannot be the arguments of the function of a task, in
// the way that the task's name asks for. The function is one that s describes.
func Check(task arguments.Task, s python.Signature, in Inputs) error {
	c := checker{task.File + task.Module + ":" + task.Function, s}
	if s.Generator != "" {
		return c.generator()
	}
	switch task.Spread {
	case arguments.Positional:
		return c.positional(in)
	case arguments.Keywords:
		return c.keywords(in.Names)
	}
	return c.single()
}

// checker looks at one function.
type checker struct {
	name string
	python.Signature
}

// generator refuses a function whose call only makes an object.
func (c checker) generator() error {
	article := "a"
	if strings.HasPrefix(c.Generator, "a") {
		article = "an"
	}
	return fmt.Errorf("%s is %s %s function, and a result is one value: write a function that returns a list", c.name, article, c.Generator)
}

// single checks a function that gets the input as its one argument.
func (c checker) single() error {
	required, most := c.names(true), len(c.names(false))
	switch {
	case len(required) > 1:
		return fmt.Errorf("%s takes %s, and an input is one: give %s sources of inputs (%s), a table with the columns %s (--as csv), or arrays to '%s%s'",
			c.name, argumentList(required), number(len(required)), strings.TrimSpace(strings.Repeat("::: ... ", len(required))), and(required), c.name, arguments.Positional)
	case most == 0 && !c.Args && !c.hasKeywords():
		return fmt.Errorf("%s takes no argument, and an input is one: give it a parameter", c.name)
	case most == 0 && !c.Args:
		return fmt.Errorf("%s takes its arguments by name only: give a table with columns such as %s (--as csv)", c.name, and(c.allNames()))
	}
	return c.keywordsMissing()
}

// positional checks a function that gets the fields by position.
func (c checker) positional(in Inputs) error {
	n := in.Fields
	required, most := c.names(true), len(c.names(false))
	switch {
	case n == 0:
	case n > most && !c.Args && most == 1 && in.Names == nil:
		return fmt.Errorf("%s takes %s, and there are %d sources of inputs: write one ::: before all inputs", c.name, argumentList(c.names(false)), n)
	case n > most && !c.Args || n < len(required):
		return fmt.Errorf("%s takes %s, and %s", c.name, c.arity(), in.count())
	}
	return c.keywordsMissing()
}

// keywordsMissing refuses a function that needs an argument by name where there
// are no names.
func (c checker) keywordsMissing() error {
	for _, p := range c.Parameters {
		if p.Kind == "keyword" && !p.Optional {
			return fmt.Errorf("%s needs the argument %s by name: give a table with the columns %s (--as csv)", c.name, p.Name, and(c.allNames()))
		}
	}
	return nil
}

// keywords checks a function that gets arguments of these names; nil means that
// they are not known.
func (c checker) keywords(names []string) error {
	for _, p := range c.Parameters {
		if p.Kind == "positional" && !p.Optional {
			return fmt.Errorf("%s takes %s by position only: write '%s%s'", c.name, p.Name, c.name, arguments.Positional)
		}
	}
	if names == nil {
		return nil
	}
	for _, name := range names {
		if !c.Kwargs && !slices.Contains(c.byName(), name) {
			return c.unknown(name)
		}
	}
	for _, p := range c.Parameters {
		if !p.Optional && !slices.Contains(names, p.Name) {
			return fmt.Errorf("%s needs %s, for which there is no column: the table has %s", c.name, p.Name, and(names))
		}
	}
	return nil
}

// unknown says that there is no parameter of a column's name.
func (c checker) unknown(name string) error {
	has := c.byName()
	if meant := closest.To(name, has); meant != "" {
		return fmt.Errorf("%s has no parameter %q: did you mean %s?", c.name, name, meant)
	}
	if len(has) == 1 {
		return fmt.Errorf("%s has no parameter %q: it takes %s, and would take all columns as **%s", c.name, name, has[0], has[0])
	}
	if len(has) > 0 {
		return fmt.Errorf("%s has no parameter %q: it takes %s", c.name, name, and(has))
	}
	return fmt.Errorf("%s has no parameter %q", c.name, name)
}

// names returns the names of the parameters that can be given by position, or only
// of those that must be.
func (c checker) names(required bool) []string {
	var names []string
	for _, p := range c.Parameters {
		if p.Kind != "keyword" && !(required && p.Optional) {
			names = append(names, p.Name)
		}
	}
	return names
}

// byName returns the names of the parameters that can be given by name.
func (c checker) byName() []string {
	var names []string
	for _, p := range c.Parameters {
		if p.Kind != "positional" {
			names = append(names, p.Name)
		}
	}
	return names
}

func (c checker) allNames() []string {
	var names []string
	for _, p := range c.Parameters {
		names = append(names, p.Name)
	}
	return names
}

func (c checker) hasKeywords() bool { return len(c.byName()) > 0 }

// arity says how many arguments the function takes by position.
func (c checker) arity() string {
	required, most := c.names(true), len(c.names(false))
	switch {
	case c.Args:
		return fmt.Sprintf("at least %s", argumentList(required))
	case len(required) < most:
		return fmt.Sprintf("%d to %s", len(required), argumentList(c.names(false)))
	}
	return argumentList(required)
}

// argumentList says how many arguments there are and names them.
func argumentList(names []string) string {
	switch len(names) {
	case 0:
		return "no argument"
	case 1:
		return "1 argument (" + names[0] + ")"
	}
	return fmt.Sprintf("%d arguments (%s)", len(names), strings.Join(names, ", "))
}

// count says how many fields inputs have.
func (in Inputs) count() string {
	one, many := "source of inputs", "sources of inputs"
	if in.Names != nil {
		one, many = "column", "columns"
	}
	if in.Fields == 1 {
		return "there is 1 " + one
	}
	return fmt.Sprintf("there are %d %s", in.Fields, many)
}

// number writes a small number as a word.
func number(n int) string {
	if words := []string{2: "two", 3: "three", 4: "four"}; n < len(words) && n > 1 {
		return words[n]
	}
	return strconv.Itoa(n)
}

// and lists names.
func and(names []string) string {
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}
