package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"strconv"
	"strings"
)

// tables prints the lists and maps inside test functions as JSON: one line each, {"function": …, "line": …, "rows": […]}. Calls are {"call": …,
// "arguments": […]}, other values that are no literals {"expression": …}: whoever reads a table knows what they stand for.
func tables(files []string) {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	for _, name := range files {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Body == nil {
				continue
			}
			ast.Inspect(function.Body, func(node ast.Node) bool {
				literal, ok := node.(*ast.CompositeLit)
				if !ok {
					return true
				}
				rows := []any{}
				switch table := literal.Type.(type) {
				case *ast.ArrayType:
					for _, element := range literal.Elts {
						rows = append(rows, value(element, fieldNames(table.Elt)))
					}
				case *ast.MapType:
					for _, element := range literal.Elts {
						pair := element.(*ast.KeyValueExpr)
						rows = append(rows, []any{value(pair.Key, nil), value(pair.Value, nil)})
					}
				default:
					return true
				}
				encoder.Encode(map[string]any{"function": function.Name.Name, "line": set.Position(literal.Pos()).Line, "rows": rows})
				return true
			})
		}
	}
}

func fieldNames(element ast.Expr) []string {
	structure, ok := element.(*ast.StructType)
	if !ok {
		return nil
	}
	names := []string{}
	for _, field := range structure.Fields.List {
		for _, name := range field.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

func value(expression ast.Expr, fields []string) any {
	switch node := expression.(type) {
	case *ast.BasicLit:
		if node.Kind == token.STRING {
			if text, err := strconv.Unquote(node.Value); err == nil {
				return text
			}
		}
		return node.Value
	case *ast.Ident:
		switch node.Name {
		case "true", "false":
			return node.Name == "true"
		case "nil":
			return nil
		}
	case *ast.UnaryExpr:
		if node.Op == token.AND {
			return value(node.X, nil)
		}
	case *ast.CompositeLit:
		return composite(node, fields)
	case *ast.CallExpr:
		arguments := []any{}
		for _, argument := range node.Args {
			arguments = append(arguments, value(argument, nil))
		}
		return map[string]any{"call": source(node.Fun), "arguments": arguments}
	}
	return map[string]any{"expression": source(expression)}
}

func source(expression ast.Expr) string {
	var text strings.Builder
	printer.Fprint(&text, token.NewFileSet(), expression)
	return text.String()
}

func composite(literal *ast.CompositeLit, fields []string) any {
	if len(literal.Elts) == 0 {
		if _, ok := literal.Type.(*ast.ArrayType); ok {
			return []any{}
		}
		return map[string]any{}
	}
	if _, ok := literal.Elts[0].(*ast.KeyValueExpr); ok {
		made := map[string]any{}
		for _, element := range literal.Elts {
			pair := element.(*ast.KeyValueExpr)
			if name, ok := pair.Key.(*ast.Ident); ok {
				made[name.Name] = value(pair.Value, nil)
			} else {
				made[source(pair.Key)] = value(pair.Value, nil)
			}
		}
		return made
	}
	items := []any{}
	for _, element := range literal.Elts {
		items = append(items, value(element, nil))
	}
	if fields == nil || len(fields) != len(items) {
		return items
	}
	made := map[string]any{}
	for number, name := range fields {
		made[name] = items[number]
	}
	return made
}
