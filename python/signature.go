package python

import "encoding/json"

// Signature is what a Python function takes.
type Signature struct {
	Parameters []Parameter `json:"parameters"`
	Args       bool        `json:"args"`      // any number of further arguments by position: *args
	Kwargs     bool        `json:"kwargs"`    // any further ones by name: **kwargs
	Generator  string      `json:"generator"` // "generator" or "async generator" for a function that is one, which cannot be a task
}

// Parameter is one parameter of a function.
type Parameter struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"` // "positional" or "keyword" where it is given only in that way, "any" otherwise
	Optional bool   `json:"optional"`
}

// Signature returns what the function of a task takes that Config.Preload names,
// and whether that is known: not before a worker is ready ([Executor.WaitReady]),
// and never for what is not a function or method written in Python. A decorated
// function takes what its decorator takes. How the end of the task's name spreads
// the input over the parameters plays no part.
func (ex *Executor) Signature(task string) (Signature, bool) {
	signatures, _ := ex.workers.Details()["signatures"].(map[string]any)
	found, known := signatures[task]
	if !known {
		return Signature{}, false
	}
	text, err := json.Marshal(found)
	if err != nil {
		return Signature{}, false
	}
	var s Signature
	if err := json.Unmarshal(text, &s); err != nil {
		return Signature{}, false // of a program that is not ours
	}
	return s, true
}
