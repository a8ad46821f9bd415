package codec

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// NumPy's file format, version 1.0: the magic, two bytes of version, two bytes
// of header length, a header that is the text of a Python dict, and the data.
const (
	npyMagic  = "\x93NUMPY\x01\x00"
	npyAlign  = 64 // the data begins at a multiple of this
	npyPrefix = len(npyMagic) + 2

	// MostDimensions is how many dimensions an array may have: as many as every
	// version of NumPy allows.
	MostDimensions = 32
)

// NPY is an array in NumPy's file format: what its header says, and its data.
type NPY struct {
	Descr   string // byte order, kind and size of an element: "<f8"
	Fortran bool   // the first index changes fastest
	Shape   []int  // not nil
	Data    []byte // part of what was parsed
}

// AppendNPYHeader appends everything that comes before the data of an array in C
// order. The caller has checked shape with [ElementCount].
func AppendNPYHeader(dst []byte, descr string, shape []int) []byte {
	start := len(dst)
	dst = append(append(dst, npyMagic...), 0, 0)
	dst = append(dst, "{'descr': '"...)
	dst = append(dst, descr...)
	dst = append(dst, "', 'fortran_order': False, 'shape': ("...)
	for i, n := range shape {
		dst = strconv.AppendInt(dst, int64(n), 10)
		if i == 0 || i < len(shape)-1 {
			dst = append(dst, ',')
		}
		if i < len(shape)-1 {
			dst = append(dst, ' ')
		}
	}
	dst = append(dst, "), }"...)
	for (len(dst)-start+1)%npyAlign != 0 {
		dst = append(dst, ' ')
	}
	dst = append(dst, '\n')
	little.PutUint16(dst[start+len(npyMagic):], uint16(len(dst)-start-npyPrefix))
	return dst
}

// ElementCount returns how many elements an array of this shape has. The error
// names a dimension that is negative, or says that there are too many dimensions
// or elements.
func ElementCount(shape []int) (int, error) {
	if len(shape) > MostDimensions {
		return 0, fmt.Errorf("shape has %d dimensions: want at most %d", len(shape), MostDimensions)
	}
	count, empty := 1, false
	for i, n := range shape {
		switch {
		case n < 0:
			return 0, fmt.Errorf("shape[%d] is %d: want 0 or more", i, n)
		case n == 0:
			empty = true
		case count > math.MaxInt/n:
			return 0, fmt.Errorf("shape %v has more elements than memory", shape)
		default:
			count *= n
		}
	}
	if empty {
		return 0, nil
	}
	return count, nil
}

// ParseNPY reads an array in NumPy's file format, version 1.0. It allocates
// nothing that is larger than the header. The header must have the three entries
// of the format and no others; the size of the data is for the caller to check.
func ParseNPY(src []byte) (NPY, error) {
	if !bytes.HasPrefix(src, []byte(npyMagic)) {
		return NPY{}, errors.New("npy: it does not begin as a file of version 1.0 does")
	}
	if len(src) < npyPrefix {
		return NPY{}, errors.New("npy: it ends before its header")
	}
	size := int(little.Uint16(src[len(npyMagic):]))
	if size > len(src)-npyPrefix {
		return NPY{}, fmt.Errorf("npy: header has %d bytes, %d are left", size, len(src)-npyPrefix)
	}
	p := npyParser{text: string(src[npyPrefix : npyPrefix+size])}
	a, err := p.dict()
	if err != nil {
		return NPY{}, fmt.Errorf("npy: header at byte %d: %w", p.at, err)
	}
	a.Data = src[npyPrefix+size:]
	return a, nil
}

// npyParser reads a header, the text of a Python dict.
type npyParser struct {
	text string
	at   int
}

func (p *npyParser) dict() (a NPY, err error) {
	if err := p.want('{'); err != nil {
		return a, err
	}
	seen := make(map[string]bool)
	for !p.skip('}') {
		key, err := p.quoted()
		if err != nil {
			return a, err
		}
		if seen[key] {
			return a, fmt.Errorf("%q comes twice", key)
		}
		seen[key] = true
		if err := p.want(':'); err != nil {
			return a, err
		}
		if err := p.entry(key, &a); err != nil {
			return a, err
		}
		if !p.skip(',') {
			if err := p.want('}'); err != nil {
				return a, err
			}
			break
		}
	}
	if p.space(); p.at != len(p.text) {
		return a, errors.New("text after the dict")
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] {
			return a, fmt.Errorf("%q is missing", key)
		}
	}
	return a, nil
}

func (p *npyParser) entry(key string, a *NPY) (err error) {
	switch key {
	case "descr":
		a.Descr, err = p.quoted()
	case "fortran_order":
		a.Fortran, err = p.boolean()
	case "shape":
		a.Shape, err = p.tuple()
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return err
}

func (p *npyParser) space() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\n') {
		p.at++
	}
}

// skip takes c, if it is next.
func (p *npyParser) skip(c byte) bool {
	p.space()
	if p.at == len(p.text) || p.text[p.at] != c {
		return false
	}
	p.at++
	return true
}

func (p *npyParser) want(c byte) error {
	if !p.skip(c) {
		return fmt.Errorf("want %q", c)
	}
	return nil
}

// quoted takes a string without escapes, which no valid header needs.
func (p *npyParser) quoted() (string, error) {
	p.space()
	rest := p.text[p.at:]
	if rest == "" || rest[0] != '\'' && rest[0] != '"' {
		return "", errors.New("want a string")
	}
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case rest[0]:
			p.at += i + 1
			return rest[1:i], nil
		case '\\', '\n':
			return "", errors.New("want a string without escapes")
		}
	}
	return "", errors.New("string does not end")
}

func (p *npyParser) boolean() (bool, error) {
	p.space()
	for _, word := range []string{"True", "False"} {
		if len(p.text)-p.at >= len(word) && p.text[p.at:p.at+len(word)] == word {
			p.at += len(word)
			return word == "True", nil
		}
	}
	return false, errors.New("want True or False")
}

// tuple takes numbers in parentheses. A comma follows each but the last, and
// also that if it is the only one.
func (p *npyParser) tuple() ([]int, error) {
	if err := p.want('('); err != nil {
		return nil, err
	}
	shape := []int{}
	for !p.skip(')') {
		if len(shape) == MostDimensions {
			return nil, fmt.Errorf("more than %d dimensions", MostDimensions)
		}
		n, err := p.number()
		if err != nil {
			return nil, err
		}
		shape = append(shape, n)
		if !p.skip(',') {
			if len(shape) == 1 {
				return nil, errors.New("want ',' after the only dimension")
			}
			if err := p.want(')'); err != nil {
				return nil, err
			}
			break
		}
	}
	return shape, nil
}

func (p *npyParser) number() (int, error) {
	p.space()
	from := p.at
	for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		p.at++
	}
	n, err := strconv.Atoi(p.text[from:p.at])
	if err != nil {
		p.at = from
		return 0, errors.New("want a number")
	}
	return n, nil
}
