package wire

import (
	"hash/crc32"
	"math/rand/v2"
	"testing"
)

// The word-wise CRC equals the one of hash/crc32.
func TestChecksumMatchesStandardLibrary(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var b [28]byte
	for range 1000 {
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		if got, want := checksumBytes(b[:]), crc32.ChecksumIEEE(b[:]); got != want {
			t.Fatalf("% x: %#x, want %#x", b, got, want)
		}
	}
}

func BenchmarkChecksum(b *testing.B) {
	src := make([]byte, 28)
	b.Run("words", func(b *testing.B) {
		for b.Loop() {
			checksumBytes(src)
		}
	})
	b.Run("stdlib", func(b *testing.B) {
		for b.Loop() {
			crc32.ChecksumIEEE(src)
		}
	})
}
