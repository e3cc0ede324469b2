package sinks

import (
	"reflect"
	"testing"
	"unsafe"
)

// Every field of a Spec has a part in its fingerprint.
func TestFingerprint(t *testing.T) {
	var s Spec
	seen := map[string]string{s.Fingerprint(): "nothing"}
	var visit func(name string, v reflect.Value)
	visit = func(name string, v reflect.Value) {
		if v.Kind() == reflect.Struct {
			for i := range v.NumField() {
				visit(name+"."+v.Type().Field(i).Name, v.Field(i))
			}
			return
		}
		v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem() // fields that are not exported too
		switch v.Kind() {
		case reflect.Pointer:
			v.Set(reflect.ValueOf(&Type{Name: "a"}))
		case reflect.String:
			v.SetString("a")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Int:
			v.SetInt(1)
		default:
			t.Fatalf("%s is of kind %s, of which this test knows nothing", name, v.Kind())
		}
		f := s.Fingerprint()
		if other, ok := seen[f]; ok {
			t.Errorf("%s makes no other fingerprint than %s", name, other)
		}
		if len(f) != 32 {
			t.Errorf("the fingerprint %q has %d digits", f, len(f))
		}
		seen[f] = name
		v.SetZero()
	}
	visit("Spec", reflect.ValueOf(&s).Elem())
}

func TestFingerprintHasNoPassword(t *testing.T) {
	at := func(url string) string { return Spec{Destination: Destination{Address: url}}.Fingerprint() }
	if at("rediss://me:old@host:6379/1") != at("rediss://me:new@host:6379/1") {
		t.Error("the password makes another fingerprint")
	}
	for _, other := range []string{"rediss://you:old@host:6379/1", "rediss://me:old@host:6379/2", "rediss://me:old@elsewhere:6379/1"} {
		if at(other) == at("rediss://me:old@host:6379/1") {
			t.Errorf("%s has the fingerprint of another", other)
		}
	}
}
