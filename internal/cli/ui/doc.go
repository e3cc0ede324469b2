// Package ui prints for people and takes the values of flags: tables, a live line, questions,
// choices, durations and errors of usage. It knows neither AWS nor targets.
package ui
