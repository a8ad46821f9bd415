package archtest

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
)

var (
	codeSpan   = regexp.MustCompile("``[^`]+``|`[^`]+`")
	inlineLink = regexp.MustCompile(`\]\(\s*(?:<([^>]*)>|([^)\s]+))[^)]*\)`)
	namedLink  = regexp.MustCompile(`^\s{0,3}\[[^\]^][^\]]*\]:\s+<?([^\s>]+)`)
	htmlLink   = regexp.MustCompile(`(?i)<(?:a|img)\s[^>]*(?:href|src)="([^"]+)"`)
	htmlAnchor = regexp.MustCompile(`(?i)<[a-z]+\s[^>]*(?:id|name)="([^"]+)"`)
	heading    = regexp.MustCompile(`^#{1,6}\s+(.*?)\s*#*$`)
	linkText   = regexp.MustCompile(`!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])`)
	hasScheme  = regexp.MustCompile(`^(?:[A-Za-z][A-Za-z0-9+.-]*:|//)`)
)

// checkLinks follows the relative links of all documents.
func checkLinks(t *tree) ([]problem, error) {
	var problems []problem
	for _, name := range t.markdown {
		text, err := fs.ReadFile(t.fsys, name)
		if err != nil {
			return nil, err
		}
		for i, line := range proseLines(string(text)) {
			for _, target := range links(codeSpan.ReplaceAllString(line, "")) {
				if why := t.follow(name, target); why != "" {
					problems = append(problems, problem{name, i + 1, fmt.Sprintf("dead link %q: %s", target, why)})
				}
			}
		}
	}
	return problems, nil
}

// proseLines returns the lines of a document, those of code blocks emptied.
func proseLines(text string) []string {
	lines := strings.Split(text, "\n")
	fence := ""
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		switch {
		case fence != "":
			if strings.HasPrefix(trimmed, fence) {
				fence = ""
			}
			lines[i] = ""
		case strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~"):
			fence = trimmed[:3]
			lines[i] = ""
		}
	}
	return lines
}

// links returns the targets in one line.
func links(line string) []string {
	var targets []string
	for _, expr := range []*regexp.Regexp{inlineLink, namedLink, htmlLink} {
		for _, match := range expr.FindAllStringSubmatch(line, -1) {
			targets = append(targets, strings.Join(match[1:], ""))
		}
	}
	return targets
}

// follow returns why the target of a link in the document from is dead, or "".
// Links to other sites are not followed.
func (t *tree) follow(from, target string) string {
	if hasScheme.MatchString(target) {
		return ""
	}
	file, anchor, _ := strings.Cut(target, "#")
	file, err := url.PathUnescape(file)
	if err != nil {
		return "correct the escape: " + err.Error()
	}
	name := from
	switch {
	case strings.HasPrefix(file, "/"):
		name = path.Clean(strings.TrimPrefix(file, "/"))
	case file != "":
		name = path.Join(path.Dir(from), file)
	}
	if !fs.ValidPath(name) {
		return "it leaves the repository, link to a file inside or to an address"
	}
	if _, err := fs.Stat(t.fsys, name); err != nil {
		return "there is no file " + name + ", correct the link or add the file"
	}
	if anchor == "" || !strings.HasSuffix(name, ".md") {
		return ""
	}
	text, err := fs.ReadFile(t.fsys, name)
	if err == nil && !anchors(string(text))[anchor] {
		return "there is no such heading in " + name + ", correct the link"
	}
	return ""
}

// anchors returns the names that links into a document may use.
func anchors(text string) map[string]bool {
	names := map[string]bool{}
	count := map[string]int{}
	for _, line := range proseLines(text) {
		for _, match := range htmlAnchor.FindAllStringSubmatch(line, -1) {
			names[match[1]] = true
		}
		if match := heading.FindStringSubmatch(line); match != nil {
			name := anchorOf(match[1])
			if n := count[name]; n > 0 {
				names[fmt.Sprintf("%s-%d", name, n)] = true
			} else {
				names[name] = true
			}
			count[name]++
		}
	}
	return names
}

// anchorOf turns a heading into its anchor as GitHub does: lower case, without
// punctuation, with dashes for spaces.
func anchorOf(text string) string {
	text = linkText.ReplaceAllString(text, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}
