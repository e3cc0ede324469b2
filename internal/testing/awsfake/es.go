package awsfake

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
)

// Limits of an OpenSearch domain on small instances.
const (
	esRequest = 10 << 20 // higher on larger instances
	esID      = 512
)

// bulkPath ends the path of a _bulk request, after the index.
const bulkPath = "/_bulk"

// esAction is a line of metadata and the document on the line after it.
type esAction struct {
	name string // index, create, delete
	esMetadata
	document []byte
}

type esMetadata struct {
	ID    string `json:"_id"`
	Index string `json:"_index"`
	Type  string `json:"_type"`
}

// esResult is the result of an action in an answer.
type esResult struct {
	Index  string   `json:"_index"`
	ID     string   `json:"_id"`
	Status int      `json:"status"`
	Result string   `json:"result,omitempty"`
	Error  *esError `json:"error,omitempty"`
}

type esError struct {
	Type   string `json:"type"`
	Reason string `json:"reason"`
}

// esStatus has the statuses of the errors of actions; other errors have 500.
var esStatus = map[string]int{
	"mapper_parsing_exception":          http.StatusBadRequest,
	"illegal_argument_exception":        http.StatusBadRequest,
	"cluster_block_exception":           http.StatusForbidden,
	"index_not_found_exception":         http.StatusNotFound,
	"version_conflict_engine_exception": http.StatusConflict,
	"es_rejected_execution_exception":   http.StatusTooManyRequests,
	"unavailable_shards_exception":      http.StatusServiceUnavailable,
}

func (s *Server) bulk(service string, r *http.Request, body []byte) (op operation, bad *failure) {
	op.destination = strings.Trim(strings.TrimSuffix(r.URL.Path, bulkPath), "/")
	destination := "es/" + op.destination
	if service == "aoss" {
		if bad := serverless(r, body); bad != nil {
			return op, bad
		}
	}
	if n := s.limit(destination, esRequest); len(body) > n {
		return op, &failure{http.StatusRequestEntityTooLarge, "", "Request size exceeded the limit of the instance"}
	}
	if r.Header.Get("Content-Type") != "application/x-ndjson" {
		return op, &failure{http.StatusNotAcceptable, "media_type_header_exception", "Content-Type header is not supported"}
	}
	actions, bad := esActions(body)
	op.records = len(actions)
	op.run = func(refuse map[int]string) (any, *failure) {
		var answer struct {
			Took   int                   `json:"took"`
			Errors bool                  `json:"errors"`
			Items  []map[string]esResult `json:"items"`
		}
		for i, a := range actions {
			index := cmp.Or(a.Index, op.destination)
			res := esResult{Index: index, ID: a.ID}
			if code, ok := refuse[i]; ok {
				res.refuse(code, "failed at ["+string(a.document)+"]")
			} else {
				s.act("es/"+index, a, &res)
			}
			answer.Errors = answer.Errors || res.Error != nil
			answer.Items = append(answer.Items, map[string]esResult{a.name: res})
		}
		return answer, nil
	}
	return op, bad
}

// serverless checks the extra rules of OpenSearch Serverless for a signed request.
func serverless(r *http.Request, body []byte) *failure {
	sum := sha256.Sum256(body)
	_, signed, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	if r.Header.Get("X-Amz-Content-Sha256") != hex.EncodeToString(sum[:]) || strings.Contains(signed, "content-length") {
		return &failure{http.StatusForbidden, "Forbidden", "403 Forbidden"}
	}
	return nil
}

// esActions reads the lines of a request. Like a cluster, it does not check documents.
func esActions(body []byte) ([]esAction, *failure) {
	malformed := func(why string) ([]esAction, *failure) {
		return nil, refusal("illegal_argument_exception", "%s", why)
	}
	if !bytes.HasSuffix(body, []byte("\n")) {
		return malformed("The bulk request must be terminated by a newline [\\n]")
	}
	var actions []esAction
	lines := bytes.Split(body[:len(body)-1], []byte("\n"))
	for i := 0; i < len(lines); i++ {
		var named map[string]esMetadata
		d := json.NewDecoder(bytes.NewReader(lines[i]))
		d.DisallowUnknownFields()
		if d.Decode(&named) != nil || len(named) != 1 || d.More() {
			return malformed("Malformed action/metadata line [" + string(lines[i]) + "]")
		}
		for name, metadata := range named {
			a := esAction{name: name, esMetadata: metadata}
			switch {
			case a.ID == "" || len(a.ID) > esID:
				return malformed("id is too long, must be no longer than 512 bytes but was: " + a.ID)
			case name == "index" || name == "create":
				if i++; i == len(lines) {
					return malformed("The bulk request must be terminated by a newline [\\n]")
				}
				a.document = lines[i]
			case name != "delete":
				return malformed("Malformed action/metadata line, found [" + name + "]")
			}
			actions = append(actions, a)
		}
	}
	return actions, nil
}

// act applies an action, and writes its result to res.
func (s *Server) act(destination string, a esAction, res *esResult) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := destination + "\x00" + a.ID
	var object map[string]json.RawMessage
	switch there := s.docs[id]; {
	case a.name == "delete" && !there:
		res.Status, res.Result = http.StatusNotFound, "not_found"
		return
	case a.name == "create" && there:
		res.refuse("version_conflict_engine_exception", "["+a.ID+"]: version conflict, document already exists")
		return
	case a.name != "delete" && json.Unmarshal(a.document, &object) != nil:
		res.refuse("mapper_parsing_exception", "failed to parse ["+string(a.document)+"]")
		return
	case there:
		res.Status, res.Result = http.StatusOK, a.name
	default:
		res.Status, res.Result = http.StatusCreated, a.name
	}
	s.docs[id] = a.name != "delete"
	s.taken[destination] = append(s.taken[destination], Record{Data: a.document, ID: a.ID, Action: a.name, DocType: a.Type})
}

func (r *esResult) refuse(code, reason string) {
	r.Status = cmp.Or(esStatus[code], http.StatusInternalServerError)
	r.Error = &esError{code, reason}
}

// writeES answers like a cluster. For an error without a name or with the name of an AWS
// exception, it answers like AWS in front of a cluster.
func writeES(w http.ResponseWriter, out any, bad *failure) {
	w.Header().Set("Content-Type", "application/json")
	if bad != nil {
		if bad.code == "" || strings.HasSuffix(bad.code, "Exception") {
			w.Header().Set("X-Amzn-Errortype", bad.code)
			out = map[string]string{"Message": bad.message}
		} else {
			out = map[string]any{"error": esError{bad.code, bad.message}, "status": bad.status}
		}
		w.WriteHeader(bad.status)
	}
	_ = json.NewEncoder(w).Encode(out) // a caller that is gone needs no answer
}
