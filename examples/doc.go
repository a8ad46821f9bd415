// Package examples holds programs to start from. Its tests run them, without a
// network, by typing what their READMEs say.
//
// For the command, one directory each, with input and README:
//
//   - titles: the titles of pages, on threads
//   - thumbnails: pictures made small, on processes
//   - montecarlo: a simulation whose inputs are seeds, on processes
//   - training: a model for each set of parameters, from a CSV file, on processes
//   - convert: 1,000 files downloaded on threads and converted on processes
//   - slots: ten jobs on five workers
//   - compress: log files through gzip
//
// primes.py and words.py are single files that README.md and the help refer to.
//
// For the library in Go: service is a web server whose heavy endpoint runs in
// worker processes, process a computation with an input that kills its worker,
// and hybrid a pipeline of goroutines and processes.
package examples
