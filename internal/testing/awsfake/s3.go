package awsfake

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
)

// s3Key is the most bytes of an object's key.
const s3Key = 1024

// object decodes a request for an object of a bucket, which is the first part of the path. An
// object that is put again replaces itself.
func (s *Server) object(c *Call, r *http.Request, body []byte) (op operation, bad *failure) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	op.destination = "s3/" + bucket
	sum := sha256.Sum256(body)
	switch {
	case key == "" || len(key) > s3Key:
		return op, refusal("KeyTooLongError", "Your key is too long")
	case r.Header.Get("X-Amz-Content-Sha256") != hex.EncodeToString(sum[:]):
		return op, refusal("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	c.Operation = map[string]string{http.MethodPut: "PutObject", http.MethodGet: "GetObject"}[r.Method]
	switch c.Operation {
	case "PutObject":
		op.records = 1
		op.run = func(map[int]string) (any, *failure) {
			s.put(op.destination, Record{Key: key, Data: body, ContentType: r.Header.Get("Content-Type")})
			return stored{}, nil
		}
	case "GetObject":
		op.run = func(map[int]string) (any, *failure) {
			for _, o := range s.Records(op.destination) {
				if o.Key == key {
					return stored{o.Data}, nil
				}
			}
			return nil, &failure{http.StatusNotFound, "NoSuchKey", "The specified key does not exist."}
		}
	default:
		return op, &failure{http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource."}
	}
	return op, nil
}

// put stores an object.
func (s *Server) put(destination string, o Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.taken[destination] {
		if s.taken[destination][i].Key == o.Key {
			s.taken[destination] = slices.Clone(s.taken[destination]) // readers may have the old one
			s.taken[destination][i] = o
			return
		}
	}
	s.taken[destination] = append(s.taken[destination], o)
}

// stored is the answer about an object.
type stored struct{ data []byte }

// writeS3 answers as S3 does.
func writeS3(w http.ResponseWriter, out any, bad *failure) {
	if bad != nil {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(bad.status)
		_ = xml.NewEncoder(w).Encode(struct {
			XMLName xml.Name `xml:"Error"`
			Code    string
			Message string
		}{Code: bad.code, Message: bad.message})
		return
	}
	o, _ := out.(stored)
	w.Header().Set("ETag", `"d41d8cd98f00b204e9800998ecf8427e"`)
	_, _ = w.Write(o.data) // a caller that is gone needs no answer
}
