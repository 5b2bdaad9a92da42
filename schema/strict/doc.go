// Package strict reads JSON text that is beyond doubt, in one fast pass.
//
// What it reads is one value of RFC 8259 in UTF-8, without a name that stands twice in
// one object (RFC 7493), and within bounds of depth and number. It knows no errors:
// whatever is not such a value, and the little that it leaves out (see [Reader]), it
// declines, and the caller asks a full decoder, which accepts it after all or
// says what is wrong. So it can make a decoder faster but not laxer.
package strict
