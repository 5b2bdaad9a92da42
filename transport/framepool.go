package transport

import "sync"

// longFrame and longestFrame are between which sizes the memory of frames is used again. A
// shorter one costs the collector little, and a longer one must not be kept.
const (
	longFrame    = 16 << 10
	longestFrame = 4 << 20
)

var frames sync.Pool // of *[]byte

// newFrame returns memory for a message of about so many bytes. Nobody else has it.
func newFrame(size int) []byte {
	if size < longFrame || size > longestFrame {
		return make([]byte, 0, size)
	}
	if frame, ok := frames.Get().(*[]byte); ok && cap(*frame) >= size {
		return (*frame)[:0]
	}
	return make([]byte, 0, size) // and one that is too short is dropped
}

// freeFrame gives the memory of a message back that was written, from newFrame or not.
func freeFrame(frame []byte) {
	if n := cap(frame); n >= longFrame && n <= longestFrame {
		kept := frame // what the pool holds is on the heap, and frame need not be
		frames.Put(&kept)
	}
}
