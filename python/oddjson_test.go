//go:build unix && !aix && !solaris

package python_test

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/python"
)

func TestOddJSON(t *testing.T) {
	onEachVersion(t, python.Config{Processes: 1}, func(t *testing.T, ex *python.Executor) {
		for _, digits := range []string{"9007199254740993", "-9007199254740993", "18446744073709551617", strings.Repeat("9", 4300)} {
			n, _ := new(big.Int).SetString(digits, 10)
			want(t, ex, "echo", n, n)
			want(t, ex, "echo", json.Number(digits), json.Number(digits))
			want(t, ex, "echo", json.RawMessage(digits), json.RawMessage(digits))
		}
		want(t, ex, "echo", int64(math.MinInt64), int64(math.MinInt64))
		want(t, ex, "echo", uint64(math.MaxUint64), uint64(math.MaxUint64))
		want(t, ex, "echo", 0.1, 0.1)
		want(t, ex, "echo", math.MaxFloat64, math.MaxFloat64)
		want(t, ex, "echo", math.SmallestNonzeroFloat64, math.SmallestNonzeroFloat64)
		wantError[string, int64](t, ex, "number", "2**63", tandem.ErrBadResult, "9223372036854775808")
		wantError[string, int8](t, ex, "number", "128", tandem.ErrBadResult, "128")
		wantError[string, int](t, ex, "number", "1.5", tandem.ErrBadResult, "1.5")
		wantError[string, float64](t, ex, "number", "10**400", tandem.ErrBadResult)
		wantError[string, any](t, ex, "number", "10**5000", tandem.ErrBadResult, "too large an integer")
		wantError[json.RawMessage, int](t, ex, "echo", json.RawMessage(strings.Repeat("9", 4301)), tandem.ErrBadInput, "4300")

		for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			wantError[float64, any](t, ex, "echo", f, tandem.ErrBadInput, "JSON has no form for")
			wantError[[]float64, any](t, ex, "echo", []float64{f}, tandem.ErrBadInput, "JSON has no form for")
		}
		for text, name := range map[string]string{"float('nan')": "nan", "[-1e400]": "-inf", "{'a': 1e400}": "inf"} {
			wantError[string, any](t, ex, "number", text, tandem.ErrBadResult, name+", which JSON has no form for")
		}
		// A number beyond the range of floats is infinite in Python, and cannot come back.
		want(t, ex, "is_exact", json.RawMessage(`{"n": -1e400}`), "-inf")
		wantError[json.RawMessage, any](t, ex, "echo", json.RawMessage("1e400"), tandem.ErrBadResult, "result is inf")

		wantError[string, any](t, ex, "echo", "a\xff", tandem.ErrBadInput, "not UTF-8")
		wantError[[]string, any](t, ex, "echo", []string{"a\xff"}, tandem.ErrBadInput, "not UTF-8")
		wantError[map[string]int, any](t, ex, "echo", map[string]int{"a\xff": 1}, tandem.ErrBadInput, "not UTF-8")
		wantError[string, string](t, ex, "number", `'a\udc80'`, tandem.ErrBadResult, "lone surrogate")
		wantError[string, any](t, ex, "number", `{'k': ['\ud800']}`, tandem.ErrBadResult, "lone surrogate", `\ud800`)
		want(t, ex, "number", `'a\udc80'`, json.RawMessage(`"a\udc80"`))
		want(t, ex, "echo", "\ufffd\\ufffd", "\ufffd\\ufffd")
		want(t, ex, "echo", "\\ud800", "\\ud800")
		want(t, ex, "number", `'\U0001f600'`, "\U0001f600")

		// The last of several equal keys counts, on both sides.
		want(t, ex, "echo", json.RawMessage(`{"a":1,"a":2}`), map[string]int{"a": 2})

		want(t, ex, "nested", 500, json.RawMessage(strings.Repeat("[", 500)+strings.Repeat("]", 500)))
		want(t, ex, "type_of", json.RawMessage(strings.Repeat("[", 500)+strings.Repeat("]", 500)), "list")
		wantError[int, any](t, ex, "nested", 200_000, tandem.ErrBadResult, "nests too deep")
		wantError[json.RawMessage, any](t, ex, "type_of", json.RawMessage(strings.Repeat("[", 200_000)+strings.Repeat("]", 200_000)), tandem.ErrBadInput, "exceeded max depth")
		if n := ex.Stats().Restarts; n != 0 {
			t.Errorf("%d restarts", n)
		}
	})
}
