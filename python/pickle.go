package python

// Pickle is a pickled Python object, as input or output type of a task: for
// programs that pass on what Python made for Python. The worker loads it before
// the function gets it, and dumps what the function returns. Nothing outside the
// interpreter looks inside.
//
// Loading runs whatever code the stream names: it must come from where the
// task's own code may come from. An object that cannot be loaded fails its call
// with tandem.ErrBadInput, one that cannot be dumped with tandem.ErrBadResult.
type Pickle struct {
	// Data is the stream. Results use protocol 5.
	Data []byte

	// Buffers are its out-of-band buffers, in order: pickle.loads(Data,
	// buffers=Buffers). In the worker they can only be read. At most 65,534.
	Buffers [][]byte
}
