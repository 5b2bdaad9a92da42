package config

import (
	"fmt"
	"io"
	"path/filepath"
	"reflect"
)

// Starter returns the config that is served where no file is given: all defaults,
// and the built-in tools.
func Starter() *Config { return withDefaults(&Config{Starter: true}) }

// Load reads a config file. Paths in it are relative to its directory. The error is
// that of opening the file, or an [*Error].
func Load(path string) (*Config, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	source, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	c, err := Parse(path, source)
	if err != nil {
		return nil, err
	}
	directory, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("find the directory of %s: %w", path, err)
	}
	c.resolve(directory)
	return c, nil
}

// Parse reads the text of a config file; name stands for it in errors, which are of
// type [*Error]. Relative paths stay as they are written.
func Parse(name string, source []byte) (*Config, error) {
	root, r := readYAML(source)
	c := &Config{}
	if root != nil && len(r.errs) == 0 {
		d := &decoder{reader: r, places: map[string]position{}}
		d.decode(root, reflect.ValueOf(c).Elem(), "", rulesOf(""))
		d.locate(c)
		c.places = d.places
		if len(r.errs) == 0 {
			d.check(c)
		}
	}
	if len(r.errs) > 0 {
		return nil, newError(name, r.errs)
	}
	return withDefaults(c), nil
}

// locate tells the tools and the upstreams where they stand.
func (d *decoder) locate(c *Config) {
	for i := range c.Tools {
		at := d.places[fmt.Sprintf("tools[%d]", i)]
		c.Tools[i].Line, c.Tools[i].Column = at.line, at.column
	}
	for i := range c.Upstreams {
		at := d.places[fmt.Sprintf("upstreams[%d]", i)]
		c.Upstreams[i].Line, c.Upstreams[i].Column = at.line, at.column
	}
}

// withDefaults sets what the documentation of the types promises and no later
// stage knows.
func withDefaults(c *Config) *Config {
	if c.Name == "" {
		c.Name = "sluice"
	}
	if c.Listen.Address == "" {
		c.Listen.Address = "127.0.0.1:7777"
	}
	if c.Log.Level == "" {
		c.Log.Level = "info"
	}
	if c.Log.Format == "" {
		c.Log.Format = "text"
	}
	return c
}

// resolve makes the paths of the config absolute.
func (c *Config) resolve(directory string) {
	in := func(path *string) {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(directory, *path)
		}
	}
	c.Listen.resolve(directory, in)
	in(&c.Engine.History.Path)
	c.Traces.resolve(in)
	in(&c.Engine.Audit.Path)
	c.Auth.resolve(in)
	for i := range c.Tools {
		in(&c.Tools[i].Dir)
		for _, list := range [][]string{c.Tools[i].Read, c.Tools[i].Write} {
			for j := range list {
				in(&list[j])
			}
		}
		if http := c.Tools[i].HTTP; http != nil {
			http.resolve(in)
		}
	}
	for i := range c.Upstreams {
		c.Upstreams[i].resolve(in)
	}
}

func (h *HTTP) resolve(in func(path *string)) {
	in(&h.CAFile)
	for i := range h.Auth {
		in(&h.Auth[i].TokenFile)
	}
}
