package wire

import (
	"encoding/binary"
	"hash/crc32"
)

// crcTable holds at index k the CRC-32 (IEEE) of each byte followed by k zero
// bytes. Sixteen tables take two words in one step, so a header has only two
// steps that wait for each other.
//
// [crc32.ChecksumIEEE] gives the same sum; BenchmarkChecksum compares them.
type crcTable [16][256]uint32

var crcTables = newCRCTables()

func newCRCTables() *crcTable {
	var t crcTable
	t[0] = *crc32.IEEETable
	for i := range t[0] {
		crc := t[0][i]
		for k := 1; k < len(t); k++ {
			crc = t[0][crc&0xff] ^ crc>>8
			t[k][i] = crc
		}
	}
	return &t
}

// checksum returns the CRC of the 28 bytes that three words and a half make in
// little-endian order. Words in registers spare the load after the store.
func checksum(w0, w1, w2 uint64, w3 uint32) uint32 {
	t := crcTables
	w0 ^= 0xffffffff
	w2 ^= uint64(t.half(uint32(w0), 12) ^ t.half(uint32(w0>>32), 8) ^ t.half(uint32(w1), 4) ^ t.half(uint32(w1>>32), 0))
	return ^(t.half(uint32(w2), 8) ^ t.half(uint32(w2>>32), 4) ^ t.half(w3, 0))
}

// half returns the CRC of w followed by zeros zero bytes.
func (t *crcTable) half(w uint32, zeros int) uint32 {
	return t[zeros+3][w&0xff] ^ t[zeros+2][w>>8&0xff] ^ t[zeros+1][w>>16&0xff] ^ t[zeros][w>>24]
}

func checksumBytes(b []byte) uint32 {
	return checksum(binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]),
		binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint32(b[24:]))
}
