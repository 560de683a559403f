using System.Text;
using System.Text.Json;
using Workflows.Engine.Tests.Executions;

namespace Workflows.Engine.Tests.Nodes;

/// <summary>Where text is wanted a number is its digits, all of them: everybody's order id is a number.</summary>
public sealed class TextParameterTests
{
    private const string Mail = """
        {
          "id": "n", "type": "email",
          "parameters": {
            "connector": "c", "to": "a@example.com", "subject": "{{ input.id }}", "text": "{{ input.yes }}"
          }
        }
        """;

    private const string Input =
        """{"id": 8202522731445525542, "price": 12345678901234567890.5, "one": 1.0, "yes": true, "list": [1]}""";

    [Theory]
    [InlineData("{{ input.id }}", "8202522731445525542")]
    [InlineData("order-{{ input.id }}", "order-8202522731445525542")]
    [InlineData("{{ $string(input.id) }}", "8202522731445525542")]
    [InlineData("{{ input.price }}", "12345678901234567890.5")]
    [InlineData("{{ input.one }}", "1")]
    [InlineData("{{ input.one + 4 }}", "5")]
    [InlineData("{{ 5 }}", "5")]
    [InlineData("{{ input.yes }}", "true")]
    public void The_subject_of_an_event_takes_numbers(string subject, string expected)
    {
        var driver = ExecutionDriver.Start(Emit(subject), input: Input);

        Assert.Equal(expected, Assert.Single(driver.Published).Subject);
    }

    [Fact]
    public void What_is_no_text_at_all_is_still_refused() =>
        Assert.Equal("PARAMETER_INVALID", ExecutionDriver.Start(Emit("{{ input.list }}"), input: Input).Error!.Code);

    [Theory]
    [InlineData(Mail, "subject", "8202522731445525542")]
    [InlineData(Mail, "text", "true")]
    [InlineData(
        """{"id": "n", "type": "store", "parameters": {"operation": "read", "key": "{{ input.id }}"}}""",
        "key",
        "8202522731445525542")]
    [InlineData(
        """{"id": "n", "type": "store", "parameters": {"operation": "read", "key": "k/{{ input.id }}"}}""",
        "key",
        "k/8202522731445525542")]
    [InlineData(
        """{"id": "n", "type": "http", "parameters": {"url": "https://h.example/orders/{{ input.id }}"}}""",
        "url",
        "https://h.example/orders/8202522731445525542")]
    public void Parameters_of_calls_take_numbers(string node, string parameter, string expected)
    {
        var driver = ExecutionDriver.Start(node, input: Input);

        var rendered = JsonElement.Parse(Assert.Single(driver.Runs).Parameters.Span);
        Assert.Equal(expected, rendered.GetProperty(parameter).GetString());
    }

    [Theory]
    [InlineData("input.id", "8202522731445525542")]
    [InlineData("'o-' & input.id", "o-8202522731445525542")]
    [InlineData("{{ $string(input.id) }}", "8202522731445525542")]
    public void Keys_of_limits_keep_all_digits(string key, string expected)
    {
        var workflow = Flow.Compile(
            Flow.Json(Flow.Noop("n"), "", $$$""", "settings": {"concurrency": {"limit": 1, "key": "{{{key}}}"} }"""));

        Assert.Equal(expected, workflow.EvaluateConcurrencyKey(Encoding.UTF8.GetBytes(Input)));
    }

    [Fact]
    public void A_key_has_a_small_budget()
    {
        var workflow = Flow.Compile(
            Flow.Json(
                Flow.Noop("n"),
                "",
                """, "settings": {"concurrency": {"limit": 1, "key": "$sum([1..50000])"}}"""));

        var error =
            Assert.Throws<Jsonata.JsonataException>(() => workflow.EvaluateConcurrencyKey("{}"u8.ToArray())).Error;

        Assert.True(error.Code is "U1002" or "U1003" or "U1009", error.Code);
    }

    [Theory]
    [InlineData(
        "{{ $fromMillis(1780000000000, '[Y0001]-[M01]-[D01] [H01]:[m01] [Z01:01]', 'Europe/Berlin') }}",
        "2026-05-28 22:26 +02:00")]
    [InlineData(
        "{{ $toMillis('2026-07-01 12:00', '[Y0001]-[M01]-[D01] [H01]:[m01]', 'America/New_York') }}",
        "1782921600000")]
    public void Expressions_know_the_time_zones(string expression, string expected) =>
        Assert.Equal(expected, Assert.Single(ExecutionDriver.Start(Emit(expression), input: Input).Published).Subject);

    [Theory]
    [InlineData("Europe/Berln", "Did you mean 'Europe/Berlin'?")]
    [InlineData("europe/berlin", "Did you mean 'Europe/Berlin'?")]
    [InlineData("Berlin", "Did you mean 'Europe/Berlin'?")]
    [InlineData("America/New York", "Did you mean 'America/New_York'?")]
    [InlineData("W. Europe Standard Time", "Did you mean 'Europe/Berlin'?")]
    public void An_unknown_zone_is_told_the_known_one(string zone, string hint)
    {
        var driver = ExecutionDriver.Start(Emit($"{{{{ $now('[H]', '{zone}') }}}}"), input: Input);

        Assert.Contains(hint, driver.Error!.Message, StringComparison.Ordinal);
    }

    private static string Emit(string subject) =>
        $$"""
        {
          "id": "e", "type": "emitEvent",
          "parameters": {"type": "x.y", "subject": {{JsonSerializer.Serialize(subject)}} }
        }
        """;
}
