// Command linefloor answers each line with itself: what a stdio server costs that does
// nothing. With -async each line is answered from a goroutine of its own, as a server
// must that runs calls side by side.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"io"
	"log"
	"os"
	"sync"
)

func main() {
	async := flag.Bool("async", false, "answer each line from a goroutine of its own")
	flag.Parse()
	if err := serve(os.Stdin, os.Stdout, *async); err != nil {
		log.Fatal(err)
	}
}

func serve(in io.Reader, out io.Writer, async bool) error {
	var mu sync.Mutex // guards out
	answer := func(line []byte) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = out.Write(line)
	}
	var running sync.WaitGroup
	defer running.Wait()
	lines := bufio.NewReaderSize(in, 64<<10)
	for {
		line, err := next(lines)
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case async:
			line = bytes.Clone(line)
			running.Go(func() { answer(line) })
		default:
			answer(line)
		}
	}
}

// next returns the next line with its newline; it is valid until the next call.
func next(lines *bufio.Reader) ([]byte, error) {
	line, err := lines.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return line, err
	}
	long := bytes.Clone(line)
	for err == bufio.ErrBufferFull {
		line, err = lines.ReadSlice('\n')
		long = append(long, line...)
	}
	return long, err
}
