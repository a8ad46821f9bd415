//go:build unix && !aix && !solaris

package command_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/command"
)

// One program for each input, two at once, outcomes in the order of the inputs.
func ExampleExec() {
	ctx := context.Background()
	e, err := command.New(command.Config{Processes: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Close(ctx)

	template, err := command.ParseTemplate([]string{"sh", "-c", `test "$1" != 2 && echo "$1: $2"`, "sh", "{#}", "{/.}"})
	if err != nil {
		fmt.Println(err)
		return
	}
	specs := func(yield func(command.Spec) bool) {
		for i, input := range []string{"dir/a b.txt", "dir/c.txt", "$HOME.txt"} {
			if !yield(command.Spec{Template: template, Fields: command.Fields{Whole: input}, Seq: i + 1}) {
				return
			}
		}
	}
	for output, err := range tandem.Map(ctx, e, command.Exec, specs) {
		if exit, failed := errors.AsType[*command.ExitError](err); failed {
			fmt.Println("exit status", exit.Code)
			continue
		}
		fmt.Print(string(output.Stdout))
	}
	// Output:
	// 1: a b
	// exit status 1
	// 3: $HOME
}

// A program that reads JSON and writes JSON is the function of a typed task.
func ExampleProgram() {
	ctx := context.Background()
	e, err := command.New(command.Config{Programs: map[string]command.Program{
		"double": {Args: []string{"sh", "-c", `read n; echo $((n * 2))`}},
		"broken": {Args: []string{"sh", "-c", `echo "no input file"`}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Close(ctx)

	n, err := tandem.Run(ctx, e, tandem.Declare[int, int]("double"), 21)
	fmt.Println(n, err)
	_, err = tandem.Run(ctx, e, tandem.Declare[int, int]("broken"), 21)
	fmt.Println(errors.Is(err, tandem.ErrBadResult), tandem.FateOf(err))
	// Output:
	// 42 <nil>
	// true finished
}

func ExampleTemplate() {
	template, err := command.ParseTemplate([]string{"convert", "{}", "{.}.png"})
	if err != nil {
		fmt.Println(err)
		return
	}
	args, err := template.Expand(command.Fields{Whole: "my pictures/a.jpg"}, 1, 1)
	fmt.Printf("%q %v\n", args, err)
	// Output:
	// ["convert" "my pictures/a.jpg" "my pictures/a.png"] <nil>
}

// A line for a shell: values are quoted for the place where they stand.
func ExampleParseShell() {
	template, err := command.ParseShell(`wc -l <{} | sed "s/^/{/}: /"`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(template.CommandLine(command.Fields{Whole: "logs/it's.log"}, 1, 1))
	_, err = command.ParseShell("echo `date -r {}`")
	fmt.Println(err)
	// Output:
	// wc -l <'logs/it'\''s.log' | sed "s/^/"'it'\''s.log'": /" <nil>
	// shell line: {} in backquotes, where no quoting is safe, at byte 15, "{}`": write $(…) instead of them
}

func ExampleQuote() {
	fmt.Println(command.Quote([]string{"grep", "-c", "it's", "a b.log"}))
	// Output:
	// grep -c 'it'\''s' 'a b.log'
}
