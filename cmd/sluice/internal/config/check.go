package config

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
)

// variableName is what token_env may be. Upper case only: whoever writes the token
// itself there by mistake is told so, and the token is in no message.
var variableName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)

// check finds what is wrong with a config whose types are right.
func (d *decoder) check(c *Config) {
	d.checkAddress(c.Listen.Address, "listen.address")
	d.checkAddress(c.Listen.Admin, "listen.admin")
	for i, t := range c.Auth.Tokens {
		d.checkToken(t, fmt.Sprintf("auth.tokens[%d]", i))
	}
	names := map[string]bool{}
	for i, t := range c.Tools {
		path := fmt.Sprintf("tools[%d].name", i)
		if names[t.Name] {
			d.problem(d.places[path], fmt.Sprintf("%s: the name %q is taken by one before it", path, t.Name), "")
		}
		names[t.Name] = true
	}
}

func (d *decoder) checkAddress(address, path string) {
	if _, written := d.places[path]; !written {
		return
	}
	if err := CheckAddress(address); err != nil {
		d.problem(d.places[path], fmt.Sprintf("%s %v", path, err), "")
	}
}

// CheckAddress returns an error that says what an address to listen on must be, where
// this one is not.
func CheckAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if malformed, ok := errors.AsType[*net.AddrError](err); ok {
		return fmt.Errorf("must be host:port such as 127.0.0.1:7777, not %q: %s", address, malformed.Err)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("must be host:port such as 127.0.0.1:7777, not %q", address)
	}
	return nil
}

func (d *decoder) checkToken(t Token, path string) {
	switch {
	case (t.TokenEnv == "") == (t.TokenFile == ""):
		d.problem(d.places[path], path+" needs either token_env or token_file", "")
	case t.TokenEnv != "" && !variableName.MatchString(t.TokenEnv):
		d.problem(d.places[path+".token_env"], path+".token_env is not the name of an environment variable in upper case",
			"the variable holds the token; the token itself does not stand in the config file")
	}
}
