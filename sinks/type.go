package sinks

import (
	"context"

	"fanout/engine"
)

// Type describes a type of target. All code that depends on the type asks its Type. A type has
// one variable of it, and the variable's address identifies the type.
type Type struct {
	Name    string   // value of the attribute type
	Aliases []string // other values that mean the same

	Synonyms    []string // words that users try as a type; commands suggest the type then
	Destination string   // the complete form of a destination, for the help: ARN of the topic

	// Form, if set, is a regular expression that matches every destination, in the syntax that
	// Go and JavaScript share. Editors check destinations with it.
	Form     string
	Examples []string // destinations, for editors

	// Parse parses a destination. Its error says how to fix the text, and never contains a
	// password.
	Parse func(text string) (Destination, error)

	// Check, if set, makes the checks of this type alone. It may complete s.
	Check func(s *Spec, f Findings)

	// Open returns the sink of a target. It does not call the service.
	Open func(env Env, s *Spec) (engine.Sink, error)

	// Store, if set, returns a store at a destination of the type. See [Spec.Store].
	Store func(env Env, s *Spec) (Store, error)

	// Rights returns the rights that deliver to a target. Only a type with NoAWS may lack it.
	Rights func(at Place, s *Spec) ([]Right, error)

	// Resource, if set, returns the ARN of the destination, without a qualifier. A type whose
	// destination may be a source, or the function itself, has it, to detect endless loops.
	Resource func(at Place, s *Spec) string

	// The maxima of the attributes batchRecords, batchBytes and maxRecordBytes: the
	// service's own limits. Zero means that the service has none.
	MaxBatchRecords, MaxBatchBytes, MaxRecordBytes int
	// MaxMessages is the most messages of a request, for a type with Collapse. Only without
	// collapse does it limit records too. Zero means that the service has no limit.
	MaxMessages int

	Traits
}

// Traits are the properties of a type that change how a target is wired and checked.
type Traits struct {
	NoAWS     bool // reached by address or path, without AWS credentials
	Disk      bool // writes to the disk of the process
	Cache     bool // keeps the latest value of a key; has ttl and secret
	Secret    bool // has secret, as types with Cache or HTTP have
	Items     bool // keeps the items of a DynamoDB table by key
	Replica   bool // stores new images of a DynamoDB table as they are, and tombstones of deleted items
	Collapse  bool // a message may carry several records
	Concat    bool // as Collapse, but only concatenated, and not by default
	Compress  bool // gives any bytes on unchanged
	Objects   bool // stores a request as an object, and compresses it itself
	Aggregate bool // takes aggregates of the Kinesis Producer Library
	Messages  bool // takes text with attributes: binary data is sent in base64
	Groups    bool // a message without order may have a group
	BusEvents bool // sends events that have a source and a detail type
	Events    bool // takes source records, as Lambda sends them to a function

	// Prefix says that the service takes the beginning of a request or nothing of it, so
	// order: request changes nothing.
	Prefix bool

	// FixedRecords says that the owner of a destination cannot change the limit of a record,
	// so maxRecordBytes changes nothing.
	FixedRecords bool

	// Exponents says that the service takes an integer of more than 64 bits only with an
	// exponent.
	Exponents bool

	HTTP bool // plain HTTP requests: has headers, auth, secret and rateLimit

	// OwnClient says that requests do not go through the HTTP client of the configuration
	// for AWS.
	OwnClient bool

	// UsesSource, if set, reports whether the sink takes more from a record's source than
	// its data. An envelope of the record then keeps the source.
	UsesSource func(r *engine.Record) bool
}

// TakesSecret reports whether targets of the type have the attribute secret.
func (t *Traits) TakesSecret() bool { return t.Cache || t.HTTP || t.Secret }

// TakesReferences reports whether a target of the type may get a reference in place of a record
// that is too large. A function takes source records, a table or an index has the fields of its
// items, and nothing is too large for a disk or a bucket.
func (t *Traits) TakesReferences() bool { return !t.Events && !t.Items && !t.Disk && !t.Objects }

// Findings collects the findings of [Type.Check]. Each finding names an attribute.
type Findings interface {
	Fault(attribute, format string, args ...any) // the target cannot deliver
	Warn(attribute, format string, args ...any)
	HasFault(attribute string) bool
}

// Env is the environment in which a program opens sinks. Sinks that call AWS need more:
// see package fanout/sinks/awsenv.
type Env interface {
	// Stdout reports whether a target may write to standard output.
	Stdout() bool
	// VerifyTLS reports whether the certificates of caches are verified.
	VerifyTLS() bool
	// Credentials returns a function that reads user and password from a secret of Secrets
	// Manager. The function caches them, and is safe for concurrent use.
	Credentials(secretARN string) func(context.Context) (user, password string, err error)
	// Secret returns a function that reads the text of a secret of Secrets Manager. It
	// fails, and caches nothing, while valid refuses the text. Otherwise it is like the
	// function of Credentials.
	Secret(secretARN string, valid func(text string) error) func(context.Context) (text string, err error)
	// PrivateHosts reports whether a target may be at an address inside a network.
	PrivateHosts() bool
}

// String returns the type's name.
func (t *Type) String() string {
	if t == nil {
		return ""
	}
	return t.Name
}

// MarshalText returns the type's name.
func (t *Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
