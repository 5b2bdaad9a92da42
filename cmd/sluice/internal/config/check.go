package config

import (
	"fmt"
	"regexp"
)

// variableName is what token_env may be. Upper case only: whoever writes the token
// itself there by mistake is told so, and the token is in no message.
var variableName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)

// check finds what is wrong with a config whose types are right.
func (d *decoder) check(c *Config) {
	d.checkListen(&c.Listen)
	d.checkAuth(&c.Auth)
	d.checkTraces(&c.Traces)
	d.checkUpstreams(c.Upstreams)
	names := map[string]bool{}
	for i, t := range c.Tools {
		path := fmt.Sprintf("tools[%d].name", i)
		if names[t.Name] {
			d.problem(d.places[path], fmt.Sprintf("%s: the name %q is taken by one before it", path, t.Name), "")
		}
		names[t.Name] = true
		d.checkTool(&t, fmt.Sprintf("tools[%d]", i))
	}
}

// forPrograms are the keys of a tool that say something of a program.
var forPrograms = []string{"stdin", "stream", "env", "pass_env", "dir"}

func (d *decoder) checkTool(t *Tool, path string) {
	if (t.Command == nil) == (t.HTTP == nil) {
		d.problem(d.places[path], path+" needs either command or http", "")
		return
	}
	d.checkAdaptive(t.Adaptive, path+".adaptive")
	if t.HTTP == nil {
		return
	}
	for _, key := range forPrograms {
		if at, written := d.places[path+"."+key]; written {
			d.problem(at, fmt.Sprintf("%s.%s is for programs, and this tool is an HTTP endpoint", path, key), "")
		}
	}
	for i, c := range t.HTTP.Auth {
		d.checkSecret(c.TokenEnv, c.TokenFile, fmt.Sprintf("%s.http.auth[%d]", path, i))
	}
}

func (d *decoder) checkAdaptive(a *Adaptive, path string) {
	if a != nil && a.Ceiling > 0 && a.Floor.Value > a.Ceiling {
		d.problem(d.places[path+".ceiling"], path+".ceiling is less than the floor", "")
	}
}

// checkSecret holds that a secret is in one place, outside the file.
func (d *decoder) checkSecret(env, file, path string) {
	switch {
	case (env == "") == (file == ""):
		d.problem(d.places[path], path+" needs either token_env or token_file", "")
	case env != "" && !variableName.MatchString(env):
		d.problem(d.places[path+".token_env"], path+".token_env is not the name of an environment variable in upper case",
			"the variable holds the token; the token itself does not stand in the config file")
	}
}
