package template

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"fanout/internal/provision/alarms"
)

// watched is the function as its alarms and its dashboard see it.
func (p *plan) watched() *alarms.Function {
	f := &alarms.Function{
		ARN: p.self, Name: p.name, Namespace: p.Function.Namespace, Metrics: p.Function.Metrics, Queue: p.Environment["FANOUT_ON_FAILURE"],
	}
	for i := range p.streams {
		f.Sources = append(f.Sources, p.streams[i].Source)
	}
	return f
}

// alarms returns the function's alarms, if they have a topic.
func (p *plan) alarms() []alarms.Alarm {
	if p.Alarms == "" {
		return nil
	}
	return alarms.Of(p.watched())
}

type alarmProperties struct {
	Name        string              `yaml:"AlarmName"`
	Description string              `yaml:"AlarmDescription"`
	Namespace   string              `yaml:"Namespace,omitempty"`
	Metric      string              `yaml:"MetricName,omitempty"`
	Dimensions  []map[string]string `yaml:"Dimensions,omitempty"`
	Statistic   string              `yaml:"Statistic,omitempty"`
	Period      int                 `yaml:"Period,omitempty"`
	Queries     []metricQuery       `yaml:"Metrics,omitempty"`
	Comparison  string              `yaml:"ComparisonOperator"`
	Threshold   int                 `yaml:"Threshold"`
	Periods     int                 `yaml:"EvaluationPeriods"`
	Missing     string              `yaml:"TreatMissingData"`
	Actions     []string            `yaml:"AlarmActions"`
	OKActions   []string            `yaml:"OKActions"`
}

type metricQuery struct {
	ID         string `yaml:"Id"`
	Expression string `yaml:"Expression"`
	Period     int    `yaml:"Period"`
	Returned   bool   `yaml:"ReturnData"`
}

type dashboardProperties struct {
	Name string `yaml:"DashboardName"`
	Body string `yaml:"DashboardBody"`
}

// watchResources returns the alarms and the dashboard. SAM takes them in CloudFormation's
// form.
func (p *plan) watchResources() (object, error) {
	var all object
	taken := make(names)
	for _, a := range p.alarms() {
		r := alarmProperties{
			Name: a.Name, Description: a.Description, Comparison: alarms.Comparison, Threshold: a.Threshold, Periods: a.Periods,
			Missing: alarms.Missing, Actions: []string{p.Alarms}, OKActions: []string{p.Alarms},
		}
		if a.Query != "" {
			r.Queries = []metricQuery{{alarms.QueryID, a.Query, alarms.Period, true}}
		} else {
			r.Namespace, r.Metric, r.Statistic, r.Period = a.Namespace, a.Metric, a.Statistic, alarms.Period
			r.Dimensions = []map[string]string{{"Name": a.Dimension, "Value": a.Value}}
		}
		all = append(all, member{"Alarm" + logical(taken.unique(a.Key)), resource{Type: "AWS::CloudWatch::Alarm", Properties: r}})
	}
	if !p.Dashboard {
		return all, nil
	}
	body, err := alarms.JSON(alarms.Dashboard(p.watched(), p.alarms()))
	return append(all, member{"Dashboard", resource{Type: "AWS::CloudWatch::Dashboard", Properties: dashboardProperties{p.name, body}}}), err
}

// watchBlocks returns the alarms and the dashboard for Terraform.
func (p *plan) watchBlocks() []*block {
	var all []*block
	taken := make(names)
	for _, a := range p.alarms() {
		b := made("aws_cloudwatch_metric_alarm", taken.unique(a.Key)).text("alarm_name", a.Name).text("alarm_description", a.Description)
		if a.Query != "" {
			b.nest("metric_query").text("id", alarms.QueryID).text("expression", a.Query).number("period", alarms.Period).set("return_data", "true")
		} else {
			b.text("namespace", a.Namespace).text("metric_name", a.Metric).set("dimensions", fmt.Sprintf("{ %s = %s }", a.Dimension, str(a.Value))).
				text("statistic", a.Statistic).number("period", alarms.Period)
		}
		b.text("comparison_operator", alarms.Comparison).number("threshold", a.Threshold).number("evaluation_periods", a.Periods).
			text("treat_missing_data", alarms.Missing).set("alarm_actions", list([]string{p.Alarms})).set("ok_actions", list([]string{p.Alarms}))
		all = append(all, b)
	}
	if p.Dashboard {
		body := new(block)
		body.set("widgets", expression(alarms.Dashboard(p.watched(), p.alarms())))
		all = append(all, made("aws_cloudwatch_dashboard", "fanout").text("dashboard_name", p.name).
			set("dashboard_body", body.asObject("jsonencode(", ")")))
	}
	return all
}

// wide is the length of the longest list or object on one line.
const wide = 120

// expression returns JSON as an expression.
func expression(v any) string {
	switch v := v.(type) {
	case alarms.Object:
		inner, parts := new(block), make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			value := expression(v[name])
			inner.set(name, value)
			parts = append(parts, name+" = "+value)
		}
		if line := "{ " + strings.Join(parts, ", ") + " }"; len(line) <= wide && !strings.Contains(line, "\n") {
			return line
		}
		return inner.asObject("", "")
	case alarms.List:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = expression(v[i])
		}
		if line := "[" + strings.Join(parts, ", ") + "]"; len(line) <= wide && !strings.Contains(line, "\n") {
			return line
		}
		return strings.Join(enclose("[", strings.Split(strings.Join(parts, ",\n")+",", "\n"), "]"), "\n")
	case string:
		return str(v)
	}
	return fmt.Sprint(v)
}
