//go:build tools

// Package tools names the programs that build-servers compiles, so that go.sum pins every line of them.
package tools

import (
	_ "github.com/influxdata/influx-cli/v2/cmd/influx"
	_ "github.com/influxdata/influxdb/v2/cmd/influxd"
)
