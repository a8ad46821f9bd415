package osproc

// MostNice is the largest niceness that there is.
const MostNice = 19

// Nice is the niceness that processes get. The zero value leaves them that of this
// program.
type Nice struct {
	value int
	set   bool
}

// NiceBy returns the niceness of this program and more, which is 0 to [MostNice],
// but no more than MostNice; for 0 it is the zero value. It returns an error where
// the system does not tell.
func NiceBy(more int) (Nice, error) {
	if more == 0 {
		return Nice{}, nil
	}
	ours, err := Niceness()
	if err != nil {
		return Nice{}, err
	}
	return Nice{value: min(ours+more, MostNice), set: true}, nil
}
