package wire

// Field names the part of the protocol that a [ProtocolError] is about.
type Field string

// The fields. Those of the header carry the names of docs/wire.md.
const (
	FieldHeader   Field = "header"
	FieldMagic    Field = "magic"
	FieldVersion  Field = "version"
	FieldCRC      Field = "crc"
	FieldFlags    Field = "flags"
	FieldLength   Field = "length"
	FieldID       Field = "id"
	FieldCount    Field = "count"
	FieldOOB      Field = "oob"
	FieldReserved Field = "reserved byte"
	FieldTimeout  Field = "timeout"
	FieldPayload  Field = "payload"
	FieldBuffer   Field = "buffer"
	FieldArray    Field = "array"
	FieldBody     Field = "body"
	FieldCodec    Field = "codec"
	FieldLine     Field = "line"
	FieldGate     Field = "gate"
	FieldMeasure  Field = "measure"
)

// ProtocolError reports that the peer does not follow the protocol, and where.
// The connection it came from cannot be used any more.
type ProtocolError struct {
	Field  Field
	Detail string // completes a sentence that begins with the field
}

// Error returns for example "wire: version is 2, this side speaks 1".
func (e *ProtocolError) Error() string {
	return "wire: " + string(e.Field) + " " + e.Detail
}

func protocolError(f Field, detail string) error {
	return &ProtocolError{Field: f, Detail: detail}
}
