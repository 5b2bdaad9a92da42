package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// decoder fills Go values from what was read. It goes on after a problem, so that
// one run finds them all.
type decoder struct {
	*reader
	places map[string]position // of each path that was decoded, for check.go
}

// decode fills into, which is at path, from v. Rules are those of its field.
func (d *decoder) decode(v *value, into reflect.Value, path string, rules rules) {
	d.places[path] = v.at
	target := into.Addr().Interface()
	if s, ok := target.(switchable); ok && v.isOff() {
		s.switchOff()
		return
	}
	switch target := target.(type) {
	case optional:
		before := len(d.errs)
		d.decode(v, reflect.ValueOf(target.inner()).Elem(), path, rules)
		advise(d.errs[before:])
		return
	case scalar:
		d.decodeScalar(v, target, path)
		return
	case *json.RawMessage:
		d.decodeSchema(v, into, path)
		return
	case bounded:
		rules = target.rules()
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.decode(v, into.Elem(), path, rules)
	case reflect.Struct:
		d.decodeStruct(v, into, path)
	case reflect.Slice:
		d.decodeList(v, into, path, rules)
	case reflect.Map:
		d.decodeMap(v, into, path)
	case reflect.String:
		d.decodeString(v, into, path, rules)
	case reflect.Int:
		d.decodeInt(v, into, path, rules)
	case reflect.Float64:
		d.decodeFloat(v, into, path, rules)
	case reflect.Bool:
		if d.want(v, boolean, "true or false", path) {
			into.SetBool(v.scalar == "true")
		}
	default:
		panic("config: no decoding into " + into.Type().String())
	}
}

// want notes a value of the wrong kind.
func (d *decoder) want(v *value, k kind, form, path string) bool {
	if v.kind == k {
		return true
	}
	hint := ""
	switch {
	case v.kind == null:
		hint = "give it a value or remove the key"
	case form == "a string" && (v.kind == number || v.kind == boolean):
		hint = fmt.Sprintf("quote it: %q", v.scalar)
	}
	d.problem(v.at, fmt.Sprintf("%s must be %s, not %s", path, form, v.describe()), hint)
	return false
}

func (d *decoder) decodeScalar(v *value, into scalar, path string) {
	if !d.want(v, text, into.form(), path) {
		return
	}
	if err := into.UnmarshalText([]byte(v.scalar)); err != nil {
		d.problem(v.at, fmt.Sprintf("%s: %v", path, err), "")
	}
}

func (d *decoder) decodeSchema(v *value, into reflect.Value, path string) {
	if !d.want(v, object, "a JSON Schema, which is a mapping", path) {
		return
	}
	source, err := v.json()
	if err != nil {
		d.problem(v.at, fmt.Sprintf("%s: %v", path, err), "")
		return
	}
	into.SetBytes(source)
}

func (d *decoder) decodeStruct(v *value, into reflect.Value, path string) {
	form := "a mapping"
	if _, ok := into.Addr().Interface().(switchable); ok {
		form += " or off"
	}
	if !d.want(v, object, form, orFile(path)) {
		return
	}
	members := membersOf(into.Type())
	for _, f := range v.fields {
		i := slices.IndexFunc(members, func(m member) bool { return m.key == f.key })
		if i < 0 {
			d.unknownKey(f, into.Type(), members, path)
			continue
		}
		d.decode(f.value, into.FieldByIndex(members[i].index), join(path, f.key), members[i].rules)
	}
	for _, m := range members {
		written := slices.ContainsFunc(v.fields, func(f field) bool { return f.key == m.key })
		if m.rules.required && !written {
			d.problem(v.at, fmt.Sprintf("%s has no %s", orFile(path), m.key), "")
		}
	}
}

func (d *decoder) unknownKey(f field, in reflect.Type, members []member, path string) {
	if (in == reflect.TypeFor[Token]() || in == reflect.TypeFor[Credential]()) && strings.EqualFold(f.key, "token") {
		d.problem(f.at, "a token does not stand in the config file",
			"put it into the environment and name the variable with token_env, or into a file and name that with token_file")
		return
	}
	known := make([]string, len(members))
	for i, m := range members {
		known[i] = m.key
	}
	d.problem(f.at, fmt.Sprintf("unknown key %q in %s", f.key, orFile(path)), suggest(f.key, known))
}

func (d *decoder) decodeList(v *value, into reflect.Value, path string, rules rules) {
	if !d.want(v, list, "a list", path) {
		return
	}
	if len(v.items) < rules.minItems {
		d.problem(v.at, path+" is empty", "")
	}
	into.Set(reflect.MakeSlice(into.Type(), len(v.items), len(v.items)))
	for i, item := range v.items {
		d.decode(item, into.Index(i), fmt.Sprintf("%s[%d]", path, i), rulesOf(""))
	}
}

func (d *decoder) decodeMap(v *value, into reflect.Value, path string) {
	if !d.want(v, object, "a mapping", path) {
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for _, f := range v.fields {
		item := reflect.New(into.Type().Elem()).Elem()
		d.decode(f.value, item, join(path, f.key), rulesOf(""))
		into.SetMapIndex(reflect.ValueOf(f.key), item)
	}
}

func (d *decoder) decodeString(v *value, into reflect.Value, path string, rules rules) {
	if !d.want(v, text, "a string", path) {
		return
	}
	switch {
	case len(v.scalar) < rules.minLength:
		d.problem(v.at, path+" is empty", "")
	case rules.enum != nil && !slices.Contains(rules.enum, v.scalar):
		d.problem(v.at, fmt.Sprintf("%s must be one of %s, not %s", path, strings.Join(rules.enum, ", "), v.describe()), "")
	}
	into.SetString(v.scalar)
}

func (d *decoder) decodeInt(v *value, into reflect.Value, path string, rules rules) {
	if !d.want(v, number, "a whole number", path) {
		return
	}
	n, err := strconv.ParseInt(v.scalar, 10, 32)
	switch {
	case err != nil:
		d.problem(v.at, fmt.Sprintf("%s must be a whole number below 2147483648, not %s", path, v.scalar), "")
	default:
		d.checkBounds(v, float64(n), path, rules)
	}
	into.SetInt(n)
}

func (d *decoder) decodeFloat(v *value, into reflect.Value, path string, rules rules) {
	if !d.want(v, number, "a number", path) {
		return
	}
	f, err := strconv.ParseFloat(v.scalar, 64)
	if err != nil {
		d.problem(v.at, fmt.Sprintf("%s is more than can be counted: %s", path, v.scalar), "")
		return
	}
	d.checkBounds(v, f, path, rules)
	into.SetFloat(f)
}

func (d *decoder) checkBounds(v *value, number float64, path string, rules rules) {
	bound := ""
	switch {
	case number < rules.minimum:
		bound = fmt.Sprintf("at least %v", rules.minimum)
	case number <= rules.above:
		bound = fmt.Sprintf("more than %v", rules.above)
	case number > rules.maximum:
		bound = fmt.Sprintf("at most %v", rules.maximum)
	default:
		return
	}
	d.problem(v.at, fmt.Sprintf("%s must be %s, not %s", path, bound, v.scalar), "leave the key out for the default")
}

// orFile names the root.
func orFile(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
