//go:build unix && !aix && !solaris

package python_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/python"
)

// person is an object for a function of named parameters.
type person struct {
	Name string `json:"name"`
	Age  int    `json:"age"`
	City string `json:"city,omitempty"`
}

// The end of a task's name says how its function is called.
func TestSpreadInputs(t *testing.T) {
	for _, shape := range [][2]int{{1, 1}, {1, 3}} {
		config := python.Config{Processes: shape[0], Threads: shape[1], Preload: []string{"calling.py:area(*)", "calling.py:describe(**)"}}
		onEachVersion(t, config, func(t *testing.T, ex *python.Executor) {
			tests := []struct{ task, in, out string }{
				{"area(*)", `[3, 4]`, `12`},
				{"area(**)", `{"height": 4, "width": 3}`, `12`},
				{"describe(**)", `{"name": "a", "age": 7, "x y": null}`, `["a",7,{"x y":null}]`},
				{"any_number(*)", `[]`, `[]`},
				{"any_number(*)", `[[1], {"a": 2}]`, `[[1],{"a":2}]`},
				{"any_number", `[1, 2]`, `[[1,2]]`},
				{"later(*)", `[1]`, `[1,2]`},
				{"later(**)", `{"b": 3, "a": 4}`, `[4,3]`},
				{"decorated(*)", `[1]`, `["first",1]`},
				{"shape(*)", `[1, 2]`, `[3,1,2]`},
				{"shape.scale(**)", `{"by": 2, "times": 5}`, `30`},
				{"partial(*)", `[5]`, `10`},
			}
			for _, test := range tests {
				task := tandem.Declare[json.RawMessage, json.RawMessage]("calling.py:" + test.task)
				got, err := tandem.Run(within(t), ex, task, json.RawMessage(test.in))
				if err != nil || string(got) != test.out {
					t.Errorf("%s of %s is %s, %v, want %s", test.task, test.in, got, err, test.out)
				}
			}
		})
	}
}

func TestSpreadGoValues(t *testing.T) {
	ex := newExecutor(t, python.Config{Processes: 1})
	defer closeIt(t, ex)
	area := tandem.Declare[[]any, float64]("calling.py:area(*)")
	if got, err := tandem.Run(within(t), ex, area, []any{2, 1.5}); err != nil || got != 3 {
		t.Errorf("area is %v, %v", got, err)
	}
	describe := tandem.Declare[person, []any]("calling.py:describe(**)")
	got, err := tandem.Run(within(t), ex, describe, person{Name: "ann", Age: 7, City: "x"})
	if want := []any{"ann", 7.0, map[string]any{"city": "x"}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("describe is %v, %v", got, err)
	}
}

// An input that cannot be spread fails its call only, before the function ran. A
// function that does not take what comes raises an error of its own.
func TestSpreadRefuses(t *testing.T) {
	ex := newExecutor(t, python.Config{Processes: 1, Threads: 2})
	defer closeIt(t, ex)
	tests := []struct {
		task, in string
		kind     error
		want     string
	}{
		{"area(*)", `{"a": 1}`, tandem.ErrBadInput, "calling.py:area(*) takes an array, the input is an object"},
		{"area(*)", `"ab"`, tandem.ErrBadInput, "the input is a string"},
		{"area(*)", `null`, tandem.ErrBadInput, "the input is null"},
		{"area(**)", `[1, 2]`, tandem.ErrBadInput, "calling.py:area(**) takes an object, the input is an array"},
		{"area(**)", `true`, tandem.ErrBadInput, "the input is a boolean"},
		{"later(*)", `5`, tandem.ErrBadInput, "the input is a number"},
		{"area(*)", `[1]`, nil, "missing 1 required positional argument: 'height'"},
		{"area(**)", `{"width": 1, "hight": 2}`, nil, "unexpected keyword argument 'hight'"},
		{"none(*)", `[1]`, tandem.ErrUnknownTask, "no function 'none' in calling.py; did you mean 'one'?"},
		{"area(***)", `[1]`, tandem.ErrUnknownTask, "no function 'area(***)'"},
		{"area()", `[1]`, tandem.ErrUnknownTask, "no function 'area()'"},
	}
	for _, test := range tests {
		task := tandem.Declare[json.RawMessage, json.RawMessage]("calling.py:" + test.task)
		got, err := tandem.Run(within(t), ex, task, json.RawMessage(test.in))
		if err == nil || test.kind != nil && !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s of %s is %s, %v, want %q", test.task, test.in, got, err, test.want)
		}
		if remote, ok := errors.AsType[*tandem.RemoteError](err); test.kind == nil && (!ok || remote.Type != "TypeError") {
			t.Errorf("%s of %s: error %#v", test.task, test.in, err)
		}
	}
	raw := tandem.Declare[[]byte, json.RawMessage]("calling.py:any_number(*)")
	if got, err := tandem.Run(within(t), ex, raw, []byte("ab")); !errors.Is(err, tandem.ErrBadInput) || !strings.Contains(err.Error(), "the input is of type bytes") {
		t.Errorf("bytes: %s, %v", got, err)
	}
}

func TestSignature(t *testing.T) {
	parameter := func(name, kind string) python.Parameter { return python.Parameter{Name: name, Kind: kind} }
	optional := func(name, kind string) python.Parameter {
		return python.Parameter{Name: name, Kind: kind, Optional: true}
	}
	tests := map[string]*python.Signature{
		"area":          {Parameters: []python.Parameter{parameter("width", "any"), parameter("height", "any")}},
		"area(*)":       {Parameters: []python.Parameter{parameter("width", "any"), parameter("height", "any")}},
		"describe(**)":  {Parameters: []python.Parameter{parameter("name", "any"), optional("age", "keyword")}, Kwargs: true},
		"one":           {Parameters: []python.Parameter{parameter("value", "positional")}},
		"any_number":    {Parameters: []python.Parameter{}, Args: true},
		"later":         {Parameters: []python.Parameter{parameter("a", "any"), optional("b", "any")}},
		"numbers":       {Parameters: []python.Parameter{parameter("count", "any")}, Generator: "generator"},
		"numbers_later": {Parameters: []python.Parameter{parameter("count", "any")}, Generator: "async generator"},
		"decorated":     {Parameters: []python.Parameter{}, Args: true},
		"shape.scale":   {Parameters: []python.Parameter{parameter("by", "any"), optional("times", "any")}},
		"Shape.scale":   {Parameters: []python.Parameter{parameter("self", "any"), parameter("by", "any"), optional("times", "any")}},
		"Shape.of":      {Parameters: []python.Parameter{parameter("side", "any")}},
		"Shape.double":  {Parameters: []python.Parameter{parameter("side", "any")}},
		"shape":         {Parameters: []python.Parameter{parameter("a", "any"), parameter("b", "any")}},
		"Shape":         nil,
		"partial":       nil,
	}
	config := python.Config{Processes: 1, Preload: []string{"calling.py", "json", "math:sqrt"}}
	for name := range tests {
		config.Preload = append(config.Preload, "calling.py:"+name)
	}
	onEachVersion(t, config, func(t *testing.T, ex *python.Executor) {
		if err := ex.WaitReady(within(t)); err != nil {
			t.Fatal(err)
		}
		for name, want := range tests {
			got, known := ex.Signature("calling.py:" + name)
			if known != (want != nil) || known && !reflect.DeepEqual(got, *want) {
				t.Errorf("%s takes %+v, %v, want %+v", name, got, known, want)
			}
		}
		for _, name := range []string{"calling.py", "json", "math:sqrt", "calling.py:unnamed"} {
			if got, known := ex.Signature(name); known {
				t.Errorf("%s takes %+v", name, got)
			}
		}
	})
}
