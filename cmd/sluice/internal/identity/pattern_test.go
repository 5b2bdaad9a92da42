package identity

import (
	"regexp"
	"strings"
	"testing"
)

func TestTools(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		patterns    []string
		allow, deny string
	}{
		{nil, "a catalog_list *", ""},
		{[]string{}, "", "a catalog_list"},
		{[]string{"catalog_*"}, "catalog_ catalog_list catalog_a.b-c", "catalog Catalog_list xcatalog_list order"},
		{[]string{"catalog_*", "!catalog_admin"}, "catalog_list catalog_admin2 catalog_admi", "catalog_admin order"},
		{[]string{"!catalog_admin*", "catalog_admin", "catalog_*"}, "catalog_list", "catalog_admin catalog_admin_x"},
		{[]string{"*", "!*_admin"}, "a catalog_list _admins", "catalog_admin _admin"},
		{[]string{"!*", "*"}, "", "a"},
		{[]string{"echo"}, "echo", "echo2 ech Echo"},
		{[]string{"a*b*c"}, "abc aXbYc abbcc abcabc", "ab abcd xabc acb"},
		{[]string{"*.get"}, "x.get .get a.get.get", "get x.get2"},
		{[]string{"a*a"}, "aa aba", "a b"},
		{[]string{"a.c"}, "a.c", "abc"},
	} {
		tools := NewTools(test.patterns)
		for _, name := range strings.Fields(test.allow) {
			if !tools.Allow(name) {
				t.Errorf("%q forbids %s", test.patterns, name)
			}
		}
		for _, name := range strings.Fields(test.deny) {
			if tools.Allow(name) {
				t.Errorf("%q allows %s", test.patterns, name)
			}
		}
	}
	if new(Tools).Allow("a") {
		t.Error("the zero value allows something")
	}
}

// FuzzMatch compares with what regular expressions say.
func FuzzMatch(f *testing.F) {
	for _, seed := range [][2]string{{"a*b", "ab"}, {"*", ""}, {"**", "x"}, {"a*a", "a"}, {"*ab*ab", "abab"}, {"*aab", "aaab"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		parts := strings.Split(pattern, "*")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		same, err := regexp.Compile(`\A(?s:` + strings.Join(parts, `.*`) + `)\z`)
		if err != nil {
			t.Skip() // of a pattern that is no text
		}
		if got := match(pattern, name); got != same.MatchString(name) && strings.ToValidUTF8(name, "") == name {
			t.Errorf("match(%q, %q) is %v", pattern, name, got)
		}
	})
}
