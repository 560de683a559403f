using System.Text.Json;
using Workflows.Engine.Definitions;

namespace Workflows.Engine.Tests.Definitions;

/// <summary>Inputs against the JSON Schema of a definition.</summary>
public sealed class InputSchemaTests
{
    [Theory]
    [InlineData("true", "5")]
    [InlineData("{}", "null")]
    [InlineData("""{"type": "object"}""", "{}")]
    [InlineData("""{"type": "integer"}""", "5")]
    [InlineData("""{"type": "integer"}""", "5.0")]
    [InlineData("""{"type": "number"}""", "5.5")]
    [InlineData("""{"type": ["string", "null"]}""", "null")]
    [InlineData("""{"type": "boolean"}""", "false")]
    [InlineData("""{"enum": ["a", 1, null, {"x": [1]}]}""", "{\"x\": [1.0]}")]
    [InlineData("""{"const": {"a": 1, "b": 2}}""", "{\"b\": 2, \"a\": 1}")]
    [InlineData("""{"minimum": 1, "maximum": 3}""", "1")]
    [InlineData("""{"minimum": 1, "maximum": 3}""", "3")]
    [InlineData("""{"minimum": 1}""", "\"not a number\"")]
    [InlineData("""{"exclusiveMinimum": 1, "exclusiveMaximum": 3}""", "2")]
    [InlineData("""{"multipleOf": 0.01}""", "19.99")]
    [InlineData("""{"multipleOf": 1e-30}""", "0.123456789012345678901234567891")]
    [InlineData("""{"multipleOf": 3}""", "9007199254740993")]
    [InlineData("""{"type": "integer"}""", "123456789012345678901234567890123456789012345678901234567890")]
    [InlineData(
        """{"type": "integer", "minimum": 9007199254740993, "maximum": 9007199254740993}""",
        "9007199254740993")]
    [InlineData("""{"exclusiveMinimum": 9007199254740992}""", "9007199254740993")]
    [InlineData("""{"const": 8202522731445525542}""", "8202522731445525542")]
    [InlineData("""{"enum": [8202522731445525541, 8202522731445525542]}""", "8202522731445525542.0")]
    [InlineData("""{"uniqueItems": true}""", "[8202522731445525542, 8202522731445525543]")]
    [InlineData("""{"minLength": 2, "maxLength": 2}""", "\"ab\"")]
    [InlineData("""{"maxLength": 1}""", "\"😀\"")]
    [InlineData("""{"pattern": "^a+$"}""", "\"aaa\"")]
    [InlineData("""{"pattern": "b"}""", "\"abc\"")]
    [InlineData("""{"pattern": "^[\\D]$"}""", "\"\u0663\"")]
    [InlineData("""{"pattern": "^.$"}""", "\"\u0085\"")]
    [InlineData("""{"pattern": "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$"}""", "\"01890000-0000-7000-8000-000000000001\"")]
    [InlineData("""{"pattern": "^[{]x[}]{1,2}\\{5000\\}$"}""", "\"{x}{5000}\"")]
    [InlineData("""{"items": {"type": "integer"}}""", "[1, 2]")]
    [InlineData("""{"items": false}""", "[]")]
    [InlineData("""{"minItems": 1, "maxItems": 2, "uniqueItems": true}""", "[1, \"1\"]")]
    [InlineData("""{"properties": {"a": {"type": "string"}}}""", "{\"b\": 1}")]
    [InlineData("""{"properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false}""", "{\"a\": \"\"}")]
    [InlineData("""{"additionalProperties": {"type": "integer"}}""", "{\"x\": 1}")]
    [InlineData("""{"minProperties": 1, "maxProperties": 1}""", "{\"x\": 1}")]
    [InlineData("""{"format": "date-time"}""", "\"2026-01-31T12:00:00Z\"")]
    [InlineData("""{"format": "date"}""", "\"2026-01-31\"")]
    [InlineData("""{"format": "uuid"}""", "\"01890000-0000-7000-8000-000000000001\"")]
    [InlineData("""{"format": "email"}""", "\"a@example.com\"")]
    [InlineData("""{"format": "uri"}""", "\"https://example.com/x\"")]
    [InlineData("""{"title": "T", "description": "D", "default": 1, "examples": [1], "$schema": "https://json-schema.org/draft/2020-12/schema", "$comment": "c"}""", "1")]
    public void A_fitting_input_has_no_problem(string schema, string input) => Assert.Empty(Validate(schema, input));

    [Theory]
    [InlineData("false", "5", "false", "")]
    [InlineData("""{"type": "object"}""", "[]", "type", "")]
    [InlineData("""{"type": "integer"}""", "5.5", "type", "")]
    [InlineData("""{"type": "number"}""", "\"5\"", "type", "")]
    [InlineData("""{"type": ["string", "null"]}""", "1", "type", "")]
    [InlineData("""{"enum": ["a", 1]}""", "\"b\"", "enum", "")]
    [InlineData("""{"const": 1}""", "2", "const", "")]
    [InlineData("""{"minimum": 1}""", "0", "minimum", "")]
    [InlineData("""{"maximum": 3}""", "3.1", "maximum", "")]
    [InlineData("""{"exclusiveMinimum": 1}""", "1", "exclusiveMinimum", "")]
    [InlineData("""{"exclusiveMaximum": 3}""", "3", "exclusiveMaximum", "")]
    [InlineData("""{"multipleOf": 0.01}""", "19.999", "multipleOf", "")]
    [InlineData("""{"multipleOf": 3}""", "9007199254740994", "multipleOf", "")]
    [InlineData(
        """{"multipleOf": 10}""",
        "123456789012345678901234567890123456789012345678901234567891",
        "multipleOf",
        "")]
    [InlineData("""{"type": "integer"}""", "9007199254740993.5", "type", "")]
    [InlineData("""{"minimum": 9007199254740993}""", "9007199254740992", "minimum", "")]
    [InlineData("""{"maximum": 9007199254740992}""", "9007199254740993", "maximum", "")]
    [InlineData("""{"exclusiveMaximum": 9007199254740993}""", "9007199254740993", "exclusiveMaximum", "")]
    [InlineData("""{"const": 8202522731445525542}""", "8202522731445525543", "const", "")]
    [InlineData("""{"enum": [8202522731445525541, 8202522731445525542]}""", "8202522731445525543", "enum", "")]
    [InlineData("""{"uniqueItems": true}""", "[8202522731445525542, 8202522731445525542.0]", "uniqueItems", "")]
    [InlineData("""{"minLength": 2}""", "\"a\"", "minLength", "")]
    [InlineData("""{"minLength": 2}""", "\"😀\"", "minLength", "")]
    [InlineData("""{"maxLength": 2}""", "\"abc\"", "maxLength", "")]
    [InlineData("""{"pattern": "^a+$"}""", "\"ab\"", "pattern", "")]
    [InlineData("""{"pattern": "^a+$"}""", "\"aa\\n\"", "pattern", "")]
    [InlineData("""{"pattern": "^\\d$"}""", "\"\u0663\"", "pattern", "")]
    [InlineData("""{"pattern": "^[^\\D]$"}""", "\"\u0663\"", "pattern", "")]
    [InlineData("""{"pattern": "^\\w$"}""", "\"\u00e9\"", "pattern", "")]
    [InlineData("""{"pattern": "[]"}""", "\"a\"", "pattern", "")]
    [InlineData("""{"items": {"type": "integer"}}""", "[1, \"2\"]", "type", "/1")]
    [InlineData("""{"items": false}""", "[1]", "false", "/0")]
    [InlineData("""{"minItems": 1}""", "[]", "minItems", "")]
    [InlineData("""{"maxItems": 1}""", "[1, 2]", "maxItems", "")]
    [InlineData("""{"uniqueItems": true}""", "[{\"a\": 1}, 2, {\"a\": 1.0}]", "uniqueItems", "")]
    [InlineData("""{"properties": {"a": {"type": "string"}}}""", "{\"a\": 1}", "type", "/a")]
    [InlineData("""{"required": ["a/b"]}""", "{}", "required", "/a~1b")]
    [InlineData("""{"properties": {"amount": true}, "additionalProperties": false}""", "{\"amuont\": 1}", "additionalProperties", "/amuont")]
    [InlineData("""{"additionalProperties": {"type": "integer"}}""", "{\"x\": \"1\"}", "type", "/x")]
    [InlineData("""{"minProperties": 1}""", "{}", "minProperties", "")]
    [InlineData("""{"maxProperties": 0}""", "{\"x\": 1}", "maxProperties", "")]
    [InlineData("""{"format": "date-time"}""", "\"2026-01-31 12:00\"", "format", "")]
    [InlineData("""{"format": "date-time"}""", "\"2026-01-31T12:00:00\"", "format", "")]
    [InlineData("""{"format": "date"}""", "\"2026-02-30\"", "format", "")]
    [InlineData("""{"format": "uuid"}""", "\"x\"", "format", "")]
    [InlineData("""{"format": "email"}""", "\"a@\"", "format", "")]
    [InlineData("""{"format": "uri"}""", "\"/x\"", "format", "")]
    public void A_problem_names_place_and_keyword(string schema, string input, string keyword, string pointer)
    {
        var problem = Assert.Single(Validate(schema, input));

        Assert.Equal((keyword, pointer), (problem.Keyword, problem.Pointer));
    }

    [Fact]
    public void All_problems_are_found_at_once()
    {
        var problems = Validate(
            """{"type": "object", "required": ["id", "items"], "properties": {"amount": {"minimum": 0}, "items": {"items": {"type": "string"}}}}""",
            """{"amount": -1, "items": [1, "a", 2]}""");

        Assert.Equal(["/amount", "/id", "/items/0", "/items/2"], problems.Select(problem => problem.Pointer).Order());
    }

    [Fact]
    public void An_input_with_very_many_problems_is_cut()
    {
        var problems = Validate("""{"items": {"type": "string"}}""", $"[{string.Join(',', Enumerable.Repeat("1", 5_000))}]");

        Assert.Equal(Limits.InputProblems, problems.Count);
    }

    [Fact]
    public void A_pattern_takes_linear_time_on_any_input()
    {
        // Catastrophic for a backtracking engine: (a+)+$ on a…ab.
        var problems = Validate("""{"pattern": "^(a+)+$"}""", $"\"{new string('a', 50_000)}b\"");

        Assert.Equal("pattern", Assert.Single(problems).Keyword);
    }

    [Fact]
    public void A_pattern_is_told_as_its_author_wrote_it() =>
        Assert.Equal(@"must match ^\d+$", Assert.Single(Validate("""{"pattern": "^\\d+$"}""", "\"x\"")).Message);

    [Fact]
    public void A_mistyped_name_is_hinted_at()
    {
        var problem = Assert.Single(Validate("""{"properties": {"amount": true}, "additionalProperties": false}""", """{"amuont": 1}"""));

        Assert.Contains("did you mean 'amount'?", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_schema_over_the_depth_limit_is_refused()
    {
        // The definition itself may nest 64 levels; each level of the schema takes one.
        var schema = string.Concat(Enumerable.Repeat("{\"items\": ", Limits.InputSchemaDepth + 1)) + "true" + new string('}', Limits.InputSchemaDepth + 1);

        Assert.Equal(DefinitionProblemCodes.InputSchemaInvalid, Assert.Single(Flow.Problems(Flow.Json(Flow.Noop("a"), "", $", \"parameters\": {schema}"))).Code);
    }

    [Fact]
    public void A_schema_over_the_property_limit_is_refused()
    {
        var properties = string.Join(',', Enumerable.Range(0, Limits.InputSchemaProperties + 1).Select(index => $"\"p{index}\": true"));

        Assert.Equal(
            DefinitionProblemCodes.InputSchemaInvalid,
            Assert.Single(Flow.Problems(Flow.Json(Flow.Noop("a"), "", $$$""", "parameters": {"properties": {{{{properties}}}}}"""))).Code);
    }

    private static IReadOnlyList<InputProblem> Validate(string schema, string input) =>
        Flow.Compile(Flow.Json(Flow.Noop("a"), "", $", \"parameters\": {schema}")).ValidateInput(JsonElement.Parse(input));
}
