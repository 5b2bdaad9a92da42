package main

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
)

// redPixel returns a PNG of one red pixel.
func redPixel() []byte {
	picture := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	picture.Set(0, 0, color.NRGBA{R: 0xff, A: 0xff})
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		panic(err) // a pixel in memory always encodes
	}
	return file.Bytes()
}

// silence returns a WAV file of that many samples, 16 bit mono at 8 kHz.
func silence(samples int) []byte {
	const rate, width = 8000, 2
	size := uint32(samples * width)
	le := binary.LittleEndian
	file := le.AppendUint32([]byte("RIFF"), 36+size)
	file = le.AppendUint32(append(file, "WAVEfmt "...), 16)
	file = le.AppendUint16(file, 1) // PCM
	file = le.AppendUint16(file, 1) // one channel
	file = le.AppendUint32(file, rate)
	file = le.AppendUint32(file, rate*width)
	file = le.AppendUint16(file, width)
	file = le.AppendUint16(file, 8*width)
	file = le.AppendUint32(append(file, "data"...), size)
	return append(file, make([]byte, size)...)
}
