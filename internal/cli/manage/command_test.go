package manage

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"fanout/internal/cli/factory"
	"fanout/internal/testing/clitest"
)

// The function names its table, by name or ARN. A caller without the right to look it
// up may read the default table, but not write it.
func TestTableOfTheFunction(t *testing.T) {
	const functionARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
	const standard = "ordersTargets"
	for name, tt := range map[string]struct {
		answer          int
		body            string // or the error code
		changes         bool
		want, err, said string
	}{
		"set":              {200, `{"FunctionArn": "arn", "Environment": {"Variables": {"FANOUT_TABLE": "elsewhere"}}}`, true, "elsewhere", "", ""},
		"not set":          {200, `{"FunctionArn": "arn"}`, true, standard, "", ""},
		"no function":      {404, "ResourceNotFoundException", true, standard, "", ""},
		"denied, to read":  {403, "AccessDeniedException", false, standard, "", `fanout: warning: the table of the function "orders" cannot be looked up, so this command uses "ordersTargets"; name another table with --table` + "\n"},
		"denied, to write": {403, "AccessDeniedException", true, "", `the table of the function "orders" cannot be looked up, so nothing is written; name the table with --table: `, ""},
		"broken":           {400, "InvalidParameterValueException", false, "", `the table of the function "orders" cannot be looked up: `, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.answer == http.StatusOK {
					fmt.Fprint(w, tt.body)
					return
				}
				w.Header().Set("X-Amzn-Errortype", tt.body)
				w.WriteHeader(tt.answer)
				fmt.Fprint(w, "{}")
			}))
			defer server.Close()
			for name, value := range clitest.ClientEnv(server.URL, server.URL) {
				t.Setenv(name, value)
			}
			for _, m := range []Command{{Function: "orders"}, {Function: "fanout", FunctionARN: functionARN}} {
				var errs bytes.Buffer
				m.Factory, m.changes, m.Errs = &factory.Factory{}, tt.changes, &errs
				a, err := m.account(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				got, err := m.TableRef(t.Context(), a)
				if got != tt.want || errs.String() != tt.said || (err == nil) != (tt.err == "") || err != nil && !strings.HasPrefix(err.Error(), tt.err) {
					t.Errorf("got %q, %v, said %q", got, err, &errs)
				}
			}
		})
	}
}
