// Package codec turns Go values into payloads and back.
//
// [Binary] is the codec between Go processes of one program. [JSON] is the codec
// for workers in other languages. Both take a pointer to the value, append to
// the caller's buffer, and decode without keeping the source.
//
// # Promises
//
// Binary chooses the form by the type alone, so both sides choose the same:
//
//   - struct{}: no bytes.
//   - Booleans, integers, floats, strings and byte slices, and types defined as
//     one of these: raw. A boolean is one byte; an integer or float is 8 bytes,
//     little-endian, whatever its size in Go; a string or byte slice is its
//     bytes, which need not be UTF-8.
//   - Slices of a predeclared integer or float type: raw, elements end to end in
//     their own size; int and uint take 8 bytes.
//   - Types with MarshalBinary and UnmarshalBinary: raw, what these give.
//   - Everything else: CBOR.
//
// Raw slices do not tell nil from empty; an empty one arrives as nil. CBOR keeps
// the difference. Inside CBOR, types with MarshalCBOR, MarshalBinary or
// MarshalText, in this order, travel in that form. Integers in an interface value
// arrive as int64, or as [math/big.Int] beyond its range, floats as float64,
// maps as map[string]any, slices as []any, byte slices and times as themselves.
//
// A struct that embeds a type with marshal methods has these methods too, as in
// encoding/json: its other fields do not travel.
//
// # Concurrency
//
// All functions may be called from any goroutine.
//
// # Failure
//
// An error from Append leaves the destination as it was. An error from Decode
// leaves the value unspecified. A panic in a marshal method is returned as an
// error. Structs whose content would be lost in silence, because no field is
// exported and there is no method, are refused. Cyclic values are refused.
//
// # Limits
//
// CBOR nests at most 256 levels. Channels, functions and complex numbers have no
// form. A type that is defined differently on the two sides is found by
// comparing [Signature] before the first value travels.
package codec
