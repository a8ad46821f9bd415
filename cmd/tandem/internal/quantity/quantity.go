package quantity

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseDuration reads an amount of time, which must be more than 0.
func ParseDuration(s string) (time.Duration, error) {
	seconds, err := sumOfUnits(s)
	switch {
	case err != nil || !(seconds > 0):
		return 0, fmt.Errorf("%q is no duration above 0: write seconds, or numbers with ms, s, m, h, d, such as 1.5 or 1h30m", s)
	case seconds > math.MaxInt64/float64(time.Second)/2:
		return 0, fmt.Errorf("%q is more than a hundred years", s)
	}
	return max(1, time.Duration(seconds*float64(time.Second))), nil
}

// units of time in seconds.
var units = map[string]float64{"": 1, "ms": 0.001, "us": 1e-6, "s": 1, "m": 60, "h": 3600, "d": 86400}

// sumOfUnits adds up numbers with units. Only a single number may have none.
func sumOfUnits(s string) (float64, error) {
	sum, rest, terms := 0.0, s, 0
	for terms == 0 || rest != "" {
		number := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789."))]
		rest = rest[len(number):]
		unit := rest[:len(rest)-len(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyz"))]
		rest = rest[len(unit):]
		value, err := strconv.ParseFloat(number, 64)
		factor, known := units[unit]
		if terms++; err != nil || !known || unit == "" && (terms > 1 || rest != "") {
			return 0, fmt.Errorf("no duration: %q", s)
		}
		sum += value * factor
	}
	return sum, nil
}

// sizes are the units of memory in bytes.
var sizes = map[byte]float64{
	'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40, 'P': 1 << 50,
	'k': 1e3, 'm': 1e6, 'g': 1e9, 't': 1e12, 'p': 1e15,
}

// ParseSize reads an amount of memory, which must be more than 0, in bytes.
func ParseSize(s string) (int64, error) {
	number, factor := strings.TrimSuffix(strings.TrimSuffix(s, "B"), "i"), 1.0
	if n := len(number); n > 0 && sizes[number[n-1]] != 0 {
		number, factor = number[:n-1], sizes[number[n-1]]
	}
	value, err := strconv.ParseFloat(number, 64)
	if digits := strings.Trim(number, "0123456789."); err != nil || digits != "" || !(value*factor >= 1) {
		return 0, fmt.Errorf("%q is no size above 0: write bytes, or a number with K, M, G (powers of 1024) or k, m, g (of 1000), such as 512M", s)
	}
	if value*factor >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is more than a process can have", s)
	}
	return int64(value * factor), nil
}

// FormatSize writes bytes with the unit that keeps it short: 512M, 1.5G.
func FormatSize(bytes int64) string {
	value, unit := float64(bytes), ""
	for _, next := range []string{"K", "M", "G", "T", "P"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, next
	}
	if value < 10 && value != math.Trunc(value) {
		return strconv.FormatFloat(value, 'f', 1, 64) + unit
	}
	return strconv.FormatFloat(value, 'f', 0, 64) + unit
}

// ExactSize writes bytes with the largest unit that needs no more than two
// decimals, so that a size reads as it was given: 512M, 1.5G, 1500k.
func ExactSize(bytes int64) string {
	for _, unit := range "PTGMKptgmk" {
		value := float64(bytes) / sizes[byte(unit)]
		if hundred := value * 100; value >= 1 && hundred == math.Trunc(hundred) {
			return strconv.FormatFloat(value, 'f', -1, 64) + string(unit)
		}
	}
	return strconv.FormatInt(bytes, 10)
}

// Duration is the value of a flag. Zero means that the flag was not given.
type Duration time.Duration

func (d *Duration) Set(s string) error {
	value, err := ParseDuration(s)
	*d = Duration(value)
	return err
}

func (d *Duration) Type() string { return "DURATION" }

func (d *Duration) String() string {
	if *d == 0 {
		return ""
	}
	return time.Duration(*d).String()
}

// Size is the value of a flag, in bytes. Zero means that the flag was not given.
type Size int64

func (z *Size) Set(s string) error {
	value, err := ParseSize(s)
	*z = Size(value)
	return err
}

func (z *Size) Type() string { return "SIZE" }

func (z *Size) String() string {
	if *z == 0 {
		return ""
	}
	return ExactSize(int64(*z))
}
