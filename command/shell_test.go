//go:build unix && !aix && !solaris

package command_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/gotandem/tandem/command"
)

// hostile are values that mean something to shells, or to careless quoting.
var hostile = []string{
	"", " ", "plain", "-n", "--", "it's", `"q"`, `a"b'c`, "'", "''", `\`, `\\`, `a\`, `\'`, `\"`, "$HOME", "${HOME}", "$(echo x)", "`echo x`", "$((1+1))",
	"two\nlines", "\n", "x\n", "tab\there", "*", "?", "[a-z]*", "~", "~root", "#", "a #b", ";", "a;b", "&", "|", "<", ">", "(", ")", "{}", "{1}", "{#}", "!", "!!",
	"\xff\xfe", "\x81\x82\x88", "\x01\x7f", "caf\xc3", "ünï", "a=b", "if", "%s", `%\n`, "\r\n", "x'y\"z\\$w`v`",
}

// shells are those of this system, as they behave when they are /bin/sh.
func shells(t testing.TB) map[string]string {
	found := map[string]string{"sh": "/bin/sh"}
	for _, name := range []string{"dash", "bash"} {
		if path, err := exec.LookPath(name); err == nil {
			found[name] = path
		}
	}
	return found
}

// runLine runs a line with a shell, which has no programs but its own.
func runLine(ctx context.Context, shell, line string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, shell)
	cmd.Args = []string{"sh", "-c", line}
	cmd.Env = []string{"PATH=/nonexistent", "x=X"}
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// places are lines that print a value, "V" in want, in each place where it can be.
var places = []struct{ line, want string }{
	{`printf '%s\0' {}`, "V\x00"},
	{`printf '%s\0'`, "V\x00"},
	{`printf '%s\0' a{}b{}`, "aVbV\x00"},
	{`printf '%s\0' 'x {} y'`, "x V y\x00"},
	{`printf '%s\0' "x {} y"`, "x V y\x00"},
	{`printf '%s\0' "$x{}$x"{}$x{}`, "XVXVXV\x00"},
	{`printf '%s\0' "$(printf '%s.' {})"`, "V.\x00"},
	{`printf '%s\0' "$(printf '%s.' "{}")"`, "V.\x00"},
	{`printf '%s\0' "a$(printf '%s.' '{}')b"`, "aV.b\x00"},
	{`printf '%s\0' "$(printf '%s.' "a $(printf '%s.' "{}" {})")"`, "a V.V..\x00"},
	{`printf '%s\0' "$( (printf '%s.' "a)"); printf '%s.' {})" "{}"`, "a).V.\x00V\x00"},
	{`a=1; printf '%s\0' $a {}`, "1\x00V\x00"},
	{"# it's a comment\nprintf '%s\\0' {} # isn't it\n", "V\x00"},
	{`printf '%s\0' $((1+2))$(((1)+1)){}`, "32V\x00"},
	{`(printf '%s\0' {})`, "V\x00"},
	{`if :; then printf '%s\0' "{}"; fi`, "V\x00"},
	{`for i in {} {}; do printf '%s\0' "$i"; done`, "V\x00V\x00"},
	{`v={}; w="{}"; printf '%s\0' "$v" "$w"`, "V\x00V\x00"},
	{`printf '%s\0' a\ #{}`, "a #V\x00"},
	{`printf '%s\0' $(printf b)#{}`, "b#V\x00"},
	{`printf '%s\0' ''#{}`, "#V\x00"},
	{`printf '%s\0' a\` + "\n" + `#{}`, "a#V\x00"},
	{`printf '%s\0' \` + "\n" + `{}`, "V\x00"},
	{": <<E; printf '%s\\0' {}\nit's\nE\n", "V\x00"},
	{`printf '%s\0' "\${x}{}" "${x}{}" ${x}{} ${#}`, "${x}V\x00XV\x00XV\x000\x00"},
	{"printf '%s\\0' `printf q`{} \"`printf \"r\"`{}\"", "qV\x00rV\x00"},
	{`printf '%s\0' \\{} "\\{}" '\{}'`, "\\V\x00\\V\x00\\V\x00"},
	{`printf '%s\0' \{} "\{}" {}`, "{}\x00\\{}\x00V\x00"},
	{`printf '%s\0' "it's {}" 'a "{}" b'`, "it's V\x00a \"V\" b\x00"},
	{`case {} in {}) printf '%s\0' {};; *) printf no;; esac`, "V\x00"},
	{`case "a{}" in "a{}") printf '%s\0' "{}";; esac`, "V\x00"},
	{`: ${x}'$(' {}; printf '%s\0' {}`, "V\x00"},
	{`f() { printf '%s\0' "$1"; }; f {}`, "V\x00"},
	{`printf '%s\0' {} $((1+{#})) ` + "`printf {%}`", "V\x008\x002\x00"},
	{`ls() { printf '%s\0' "$@"; }; ls a[0-9] b[[:digit:]]z {}`, "a[0-9]\x00b[[:digit:]]z\x00V\x00"},
	{`printf '%s\0' $((${x} + 1 + ${#x}))` + "{}", "2V\x00"},
	{": << 'E' <<\\F; printf '%s\\0' {}\nE\nF\n", "V\x00"},
	{`printf '%s\0' "$(( {#} ))" "{#}" '{%}' {#}{%}`, "7\x007\x002\x0072\x00"},
}

// A value reaches the program byte for byte, whatever it is and wherever it
// stands.
func TestShellPlaces(t *testing.T) {
	for name, shell := range shells(t) {
		for _, place := range places {
			template, err := command.ParseShell(place.line)
			if err != nil {
				t.Errorf("%q: %v", place.line, err)
				continue
			}
			var ran, want strings.Builder // all values in one run
			for _, value := range hostile {
				args, err := template.Expand(command.Fields{Whole: value}, 7, 2)
				if err != nil || len(args) != 3 || args[0] != "/bin/sh" || args[1] != "-c" {
					t.Fatalf("%q: %q, %v", place.line, args, err)
				}
				ran.WriteString(args[2] + "\n")
				want.WriteString(strings.ReplaceAll(place.want, "V", value))
			}
			if got, stderr, err := runLine(t.Context(), shell, ran.String()); got != want.String() || err != nil {
				t.Errorf("%s: %q\ngot  %q\nwant %q\n%v %s", name, place.line, got, want.String(), err, stderr)
			}
		}
	}
}

// Where no quoting is safe the line is refused, and the error says what to write.
func TestShellRefusals(t *testing.T) {
	tests := map[string]struct{ line, text string }{
		"backquotes":                 {"echo `ls {}`", "$(…)"},
		"backquotes in quotes":       {"echo \"`ls {}`\"", "$(…)"},
		"open backquote":             {"echo `ls {}", "a backquote whose pair is not clear"},
		"quoted backquote":           {"echo `echo '`' {}", "$(…)"},
		"arithmetic":                 {"echo $(({} + 1))", "expr {} + 1"},
		"arithmetic in quotes":       {`echo "$(({} + 1))"`, "expr {} + 1"},
		"case in arithmetic":         {`echo "$(echo $(( $(case x in x) esac))) {})"`, "quotes or commands"},
		"parentheses in a parameter": {`x=a; echo "$(echo $(( ${x%))} )) {})"`, "quotes or commands"},
		"a brace in arithmetic":      {`echo $(( x{ )) {}`, "quotes or commands"},
		"quotes in arithmetic":       {`echo $(("1")) {}`, "quotes or commands"},
		"no arithmetic":              {"echo $((echo a) | cat) {}", "$( ("},
		"arithmetic command":         {"((x={}))", "( ("},
		"old arithmetic":             {"echo $[{}]", "$["},
		"parameter":                  {"echo ${x:-{}}", "${"},
		"only braces":                {"echo ${}", "${"},
		"quotes in parameter":        {`echo ${x:-"}"} {}`, "variable first"},
		"substitution of ksh":        {`echo "${ echo a; }{}"`, "variable first"},
		"open parameter":             {"echo ${x {#", "${ without }"},
		"comment":                    {"echo a # {}", "a comment"},
		"comment after a semicolon":  {"echo a;# {}", "a comment"},
		"appended to a comment":      {"echo a # b", "write {} where"},
		"here-document":              {"cat <<E\n{}\nE", "printf"},
		"here-document in $()":       {"x=$(cat <<E\n\"{}\"\nE\n)", "printf"},
		"end of a here-document":     {"cat <<{}\na\n", "fixed word"},
		"part of that end":           {"cat <<-'E{}'\na\n", "fixed word"},
		"end with a space":           {"cat <<'a {}'\na\n", "fixed word"},
		"end with an escaped space":  {"cat <<a\\ {}\na\n", "fixed word"},
		"substitution in that end":   {"cat <<$(a {})\na\n", "fixed word"},
		"no end of a here-document":  {"cat << ; {}\n", "fixed word"},
		"here-string":                {"cat <<<{}", "printf"},
		"subscript":                  {"a[{}]=1", `\[`},
		"subscript with spaces":      {"a[ {} ]=1", `\[`},
		"subscript in quotes":        {`export a["{}"]=1`, `\[`},
		"open subscript":             {"a[b {}", `\[`},
		"alias":                      {"alias q=\"echo '\"\nq {}", "a function"},
		"appended to a subshell":     {"(echo a)", "write {} where"},
		"appended to a group":        {"{ echo a; }", "write {} where"},
		"appended to a condition":    {"if a; then b; fi ", "write {} where"},
		"appended to a negation":     {"a && !", "write {} where"},
		"appended to here-document":  {"cat <<E\na\nE", "write {} where"},
		"case in a substitution":     {"echo \"$(case x in x) echo {};; esac)\"", "case in $(…)"},
		"other quotes":               {`echo $'a\'' {}`, "$'…'"},
		"open single":                {"echo 'a {}", "a single quote that is not closed, at byte 6"},
		"open double":                {`echo "a {}`, "a double quote that is not closed"},
		"open substitution":          {`echo $(a {}`, "$( that is not closed"},
		"backslash at the end":       {`echo {} \`, "ends with a backslash"},
		"line end after a dollar":    {"echo $\\\n({})", "a backslash before a line end"},
		"line end in a substitution": {"echo $(ca\\\nse x in x) echo {};; esac)", "a backslash before a line end"},
		"empty":                      {" \n", "empty"},
		"appended to a command":      {"echo a;", "write {} where"},
		"appended to a pipe":         {"echo a |", "write {} where"},
		"appended to a line":         {"echo a\n", "write {} where"},
		"number after a variable":    {"echo $(($x{#}))", "${NAME}"},
	}
	for name, test := range tests {
		template, err := command.ParseShell(test.line)
		if err == nil || !strings.Contains(err.Error(), test.text) || !template.IsZero() {
			t.Errorf("%s: %q: error %v, want %q", name, test.line, err, test.text)
		}
	}
}

// Fields of an input are words of their own where "{}" is bare.
func TestShellFields(t *testing.T) {
	several := command.Fields{Whole: "a b it's", Values: []string{"a b", "it's", ""}}
	named := command.Fields{Whole: "x,y", Values: []string{"x", "y z"}, Names: []string{"first", "second name"}}
	tests := []struct {
		line   string
		parser command.Parser
		in     command.Fields
		want   string
	}{
		{`p {}`, command.Parser{}, several, `p 'a b' 'it'\''s' ''`},
		{`p`, command.Parser{}, several, `p 'a b' 'it'\''s' ''`},
		{`p $(q)`, command.Parser{}, several, `p $(q) 'a b' 'it'\''s' ''`},
		{`p "{}" '{}'`, command.Parser{}, several, `p "` + `"'a b it'\''s '"` + `" 'a b it'\''s '`},
		{`p {2} "{1}" {-1}`, command.Parser{}, several, `p 'it'\''s' ""'a b'"" ''`},
		{`p {first} '{second name}' {} {print}`, command.Parser{Names: named.Names}, named, `p 'x' 'y z' 'x,y' {print}`},
		{`p {first}`, command.Parser{AnyName: true}, named, `p 'x'`},
		{`p {} {#}`, command.Parser{NumbersOnly: true}, several, `p {} '7'`},
		{"p `{}`", command.Parser{NumbersOnly: true}, several, "p `{}`"},
	}
	for _, test := range tests {
		template, err := test.parser.Shell(test.line)
		if err != nil {
			t.Errorf("%q: %v", test.line, err)
			continue
		}
		if got, err := template.CommandLine(test.in, 7, 1); err != nil || got != test.want {
			t.Errorf("%q\n got %q\nwant %q\n%v", test.line, got, test.want, err)
		}
	}
}

// breakouts run something when they are not quoted for their place. None has the
// word that the program would write.
var breakouts = []string{
	"$(printf P''WNED)", "`printf P''WNED`", ";printf P''WNED;", "\nprintf P''WNED\n", "';printf P''WNED;'", `";printf P''WNED;"`, "')\nprintf P''WNED;'",
	"\")\nprintf P''WNED\n\"", ")\nprintf P''WNED\n", "\\';printf P''WNED;'", "}\nprintf P''WNED\n", "))\nprintf P''WNED\n", "a[$(printf P''WNED)]", "\nE\nprintf P''WNED\n",
	"'\"$(printf P''WNED)\"'", "\"'$(printf P''WNED)'\"",
}

// tokens make lines that are as confusing as those of users can be.
var tokens = []string{
	"'", "'", `"`, `"`, "`", "$(", "$(", ")", ")", "(", "{}", "{}", "{}", "#", `\`, "\n", "\\\n", " ", " ", ";", "a", "$x", "$", "${x}", "${", "}", "$((1+2))", "$((", "))", "<<E ", "\nE\n",
	"case", " in ", ";; esac", "|", "&&", "printf %s ", "x=", "$$", "$#", "${#}", "$'", `$"`, "$[", "]", "((", "<<<", "if :; then ", "; fi", "!", "{ ", "; }", ":-", "esac",
	"$(( $(", "esac)))", "${x%", "x[", "]=", "alias a=", "<<'E ", "<<$(", "{#}", "<<\\E\n",
}

// escapes fails the test when a value of breakouts is run in a line that was
// accepted.
func escapes(t *testing.T, shells map[string]string, line string) (accepted bool) {
	t.Helper()
	template, err := command.ParseShell(line)
	if err != nil {
		return false
	}
	for _, value := range breakouts {
		ran, err := template.CommandLine(command.Fields{Whole: value}, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		for name, shell := range shells {
			if stdout, stderr, _ := runLine(t.Context(), shell, ran); strings.Contains(stdout+stderr, "PWNED") {
				t.Errorf("%s: %q with %q ran\n%s", name, line, value, ran)
			}
		}
	}
	return true
}

// S1: no value is ever run, whatever the line is that was accepted.
func TestShellS1NeverRunsValues(t *testing.T) {
	shells := shells(t)
	delete(shells, "sh") // is one of the others
	if len(shells) == 0 {
		shells["sh"] = "/bin/sh"
	}
	lines, seed := 25, rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for accepted := 0; accepted < lines; {
		var line strings.Builder
		for range 3 + random.IntN(12) {
			line.WriteString(tokens[random.IntN(len(tokens))])
		}
		if strings.Contains(line.String(), "{}") && escapes(t, shells, line.String()) {
			accepted++
		}
	}
	if t.Failed() {
		t.Logf("seed %d", seed)
	}
}

// FuzzShell looks for lines with which S1 does not hold. Lines are made of
// tokens, so that no program of this system is run.
func FuzzShell(f *testing.F) {
	f.Add([]byte{10, 1, 2})
	f.Add([]byte{2, 5, 10, 7, 2})
	all := shells(f)
	f.Fuzz(func(t *testing.T, choice []byte) {
		var line strings.Builder
		for _, c := range choice[:min(len(choice), 30)] {
			line.WriteString(tokens[int(c)%len(tokens)])
		}
		if strings.Contains(line.String(), "{}") {
			escapes(t, all, line.String())
		}
	})
}

// What Quote writes is read by shells as it was.
func TestQuote(t *testing.T) {
	for name, shell := range shells(t) {
		args := append([]string{"printf", `%s\0`}, hostile...)
		got, stderr, err := runLine(t.Context(), shell, command.Quote(args))
		if want := strings.Join(hostile, "\x00") + "\x00"; got != want || err != nil {
			t.Errorf("%s: got %q, want %q, %v %s", name, got, want, err, stderr)
		}
	}
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"gzip", "-k", "--level=3", "a/b.log"}, "gzip -k --level=3 a/b.log"},
		{[]string{"A=b", "A=b"}, "'A=b' A=b"},
		{[]string{"if", "if"}, "'if' if"},
		{[]string{"", "it's"}, `'' 'it'\''s'`},
		{nil, ""},
	}
	for _, test := range tests {
		if got := command.Quote(test.args); got != test.want {
			t.Errorf("Quote(%q) = %s, want %s", test.args, got, test.want)
		}
	}
}
