package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"fanout/engine"
	"fanout/internal/awscall"
	"fanout/internal/awshttp"
	"fanout/sinks"
	"fanout/sinks/awsenv"
	"fanout/sinks/internal/bucket"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/ids"
	"fanout/sinks/internal/request"
)

// Store writes the data of each record as an object:
//
//	PREFIX/SHARD-SEQUENCE-DIGEST
//
// The digest names the record, its data, the source and the target, so the same record always
// replaces the same object.
type Store struct {
	cfg      aws.Config
	client   *awscall.Client
	form     *request.Form
	keys     keys
	name     string
	bucket   string
	encoding string
}

// NewStore returns a store in a bucket. The data of records is compressed already if Compress
// says so.
func NewStore(cfg aws.Config, o Options) (*Store, error) {
	s := &Store{
		cfg: cfg, client: awscall.NewBucket(cfg, o.Bucket), form: bucket.Form("application/octet-stream"),
		name: "s3 " + o.Bucket, bucket: o.Bucket, encoding: o.Compress,
	}
	var err error
	s.keys, err = newKeys(o, "")
	return s, err
}

func openStore(env sinks.Env, s *sinks.Spec) (sinks.Store, error) {
	cfg, err := awsenv.Config(env, s)
	if err != nil {
		return nil, err
	}
	return NewStore(cfg, Options{
		Bucket: s.Destination.Name, Prefix: s.Destination.Path, Source: s.SourceARN,
		Target: strings.TrimSuffix(s.ID, sinks.StoreSuffix), Compress: s.Compress,
	})
}

// String returns "s3", a space and the bucket.
func (s *Store) String() string { return s.name }

// Limits returns the limits of PutObject.
func (s *Store) Limits() engine.Limits { return engine.Limits{Records: 1, Bytes: maxBytes} }

// Sizer returns nil: only the data counts.
func (*Store) Sizer() func(r *engine.Record) int { return nil }

// Send puts one object.
func (s *Store) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	put := bucket.NewPut(s.name, s.form, 0)
	put.Body().Add(batch[0].Data.Bytes())
	if err := put.Send(ctx, s.client, s.key(&batch[0], put.Body().Hash())); err != nil {
		return engine.Failed(err)
	}
	return engine.Outcome{}
}

// Refer implements sinks.Store.
func (s *Store) Refer(r *engine.Record) sinks.Reference {
	data := r.Data.Bytes()
	sum := sha256.Sum256(data)
	hash := hex.EncodeToString(sum[:])
	return sinks.Reference{
		Version: sinks.ReferenceVersion, Bucket: s.bucket, Key: s.key(r, hash), Bytes: len(data), SHA256: hash, Encoding: s.encoding,
	}
}

// key returns the key of the object for r; hash is that of its data.
func (s *Store) key(r *engine.Record, hash string) string {
	digest := ids.Hash(s.keys.origin.AppendID([]byte(hash), r))
	return s.keys.join(r, []string{r.Lane, r.Seq}, digest)
}

// Read implements sinks.Store. The bucket may be another one than that of s.
func (s *Store) Read(ctx context.Context, ref *sinks.Reference) (data []byte, err error) {
	what := fmt.Sprintf("the object %s of the bucket %s", ref.Key, ref.Bucket)
	err = awscall.NewBucket(s.cfg, ref.Bucket).Do(ctx, &awscall.Request{
		Operation: "GetObject", Method: http.MethodGet, Path: awscall.ObjectPath(ref.Key), MaxBytes: max(int64(ref.Bytes), awshttp.AnswerBytes) + 1,
	}, func(answer *http.Response) error {
		data, err = io.ReadAll(answer.Body)
		return err
	})
	sum := sha256.Sum256(data)
	switch code, _ := errors.AsType[smithy.APIError](err); {
	case code != nil && code.ErrorCode() == "NoSuchKey":
		return nil, engine.Errorf(engine.Permanent, "%s is missing", what)
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read: %w", what, classify.Error("s3 "+ref.Bucket, err))
	case len(data) != ref.Bytes || hex.EncodeToString(sum[:]) != ref.SHA256:
		return nil, engine.Errorf(engine.Permanent, "%s is not the one that was stored: its length or SHA-256 differs", what)
	}
	return data, nil
}
