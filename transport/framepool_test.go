package transport

import "testing"

func TestFramesAreUsedAgain(t *testing.T) {
	for _, size := range []int{0, 100, longFrame, longFrame + 1, longestFrame, longestFrame + 1} {
		for range 3 {
			frame := newFrame(size)
			if len(frame) != 0 || cap(frame) < size {
				t.Fatalf("a frame for %d bytes has %d of %d", size, len(frame), cap(frame))
			}
			freeFrame(append(frame, make([]byte, size)...))
		}
	}
	// The pool drops some under the race detector, and all where memory is collected.
	again := 0
	for range 100 {
		frame := newFrame(longFrame)[:1]
		freeFrame(frame)
		if other := newFrame(longFrame)[:1]; &other[0] == &frame[0] {
			again++
		}
	}
	if again == 0 {
		t.Error("no memory of a long frame was used again")
	}
}
