package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
)

// tables prints the tables of literals inside test functions as JSON: one line a table, {"function": …, "line": …, "rows": […]}. Values that are
// no literals are {"expression": …}, so that a reader can leave their rows out and say so.
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
				array, ok := literal.Type.(*ast.ArrayType)
				if !ok {
					return true
				}
				fields := fieldNames(array.Elt)
				if fields == nil {
					return true
				}
				rows := []any{}
				for _, element := range literal.Elts {
					rows = append(rows, value(element, fields))
				}
				encoder.Encode(map[string]any{"function": function.Name.Name, "line": set.Position(literal.Pos()).Line, "rows": rows})
				return false
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
	}
	return map[string]any{"expression": fmt.Sprintf("%T", expression)}
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
				made[fmt.Sprint(value(pair.Key, nil))] = value(pair.Value, nil)
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
