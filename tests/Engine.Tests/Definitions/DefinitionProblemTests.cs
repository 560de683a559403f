using System.Text;
using Workflows.Engine.Definitions;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Tests.Definitions;

/// <summary>Each code, with the place it is reported at.</summary>
public sealed class DefinitionProblemTests
{
    private const string A = """{"id": "a", "type": "noop"}""";
    private const string B = """{"id": "b", "type": "noop"}""";

    public static TheoryData<string, string, string> Cases => new()
    {
        // code, pointer, definition
        { NotJson, "", "" },
        { NotJson, "", "{" },
        { NotJson, "", """{"schema": 1, "schema": 1}""" },
        { NotJson, "", "{\"schema\": 1,}" },
        { NotJson, "", "{} {}" },
        { TooLarge, "", new string('[', 65) + new string(']', 65) },
        { NotStorable, "", """{"schema": 1, "name": "a\u0000b"}""" },
        { NotStorable, "", """{"schema": 1, "name": "\ud800"}""" },
        { NotStorable, "", Flow.Json("""{"id": "a", "type": "set", "parameters": {"value": 1e99999}}""") },
        { FieldType, "", "[]" },
        { FieldType, "", "1" },
        { SchemaUnsupported, "/schema", """{"schema": 2, "nodes": [{"id": "a", "type": "noop"}]}""" },
        { SchemaUnsupported, "/schema", """{"schema": "1", "nodes": [{"id": "a", "type": "noop"}]}""" },
        { FieldMissing, "/schema", """{"nodes": [{"id": "a", "type": "noop"}]}""" },
        { FieldMissing, "/nodes", """{"schema": 1}""" },
        { FieldMissing, "/nodes/0/id", """{"schema": 1, "nodes": [{"type": "noop"}]}""" },
        { FieldMissing, "/nodes/0/type", """{"schema": 1, "nodes": [{"id": "a"}]}""" },
        { FieldMissing, "/edges/0/to", $$"""{"schema": 1, "nodes": [{{A}}], "edges": [{"from": "a"}]}""" },
        { FieldMissing, "/edges/0/from", $$"""{"schema": 1, "nodes": [{{A}}], "edges": [{"to": "a"}]}""" },
        { FieldMissing, "/triggers/0/id", Flow.Json(A, "", """, "triggers": [{"type": "manual"}]""") },
        { FieldMissing, "/triggers/0/type", Flow.Json(A, "", """, "triggers": [{"id": "t"}]""") },
        { FieldMissing, "/triggers/0/eventType", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "event"}]""") },
        { FieldMissing, "/triggers/0/id", Flow.Json(A, "", """, "triggers": [{"type": "schedule", "cron": "@daily"}]""") },
        { FieldUnknown, "/triggers/0/eventType", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "schedule", "cron": "@daily", "eventType": "x"}]""") },
        { FieldValue, "/triggers/0/at", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "schedule", "cron": "@daily", "at": "tomorrow"}]""") },
        { ScheduleInvalid, "/triggers/0/cron", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "schedule"}]""") },
        { ScheduleInvalid, "/triggers/0/cron", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "schedule", "cron": "0 0 31 2 ?"}]""") },
        { ScheduleInvalid, "/triggers/0/timeZone", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "schedule", "cron": "@daily", "timeZone": "Berlin"}]""") },
        { TriggerInputInvalid, "/triggers/0/input/x", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "schedule", "cron": "@daily"}], "parameters": {"required": ["x"]}""") },
        { FieldMissing, "/settings/concurrency/limit", Flow.Json(A, "", """, "settings": {"concurrency": {}}""") },
        { FieldType, "/name", Flow.Json(A, "", ", \"name\": 5") },
        { FieldType, "/nodes", """{"schema": 1, "nodes": {}}""" },
        { FieldType, "/nodes/0", """{"schema": 1, "nodes": [1]}""" },
        { FieldType, "/edges/0", $$"""{"schema": 1, "nodes": [{{A}}], "edges": ["a"]}""" },
        { FieldType, "/triggers/0", Flow.Json(A, "", ", \"triggers\": [null]") },
        { FieldType, "/settings", Flow.Json(A, "", ", \"settings\": []") },
        { FieldType, "/nodes/0/retry", Flow.Json("""{"id": "a", "type": "noop", "retry": 3}""") },
        { FieldType, "/nodes/0/retry/maxAttempts", Flow.Json("""{"id": "a", "type": "noop", "retry": {"maxAttempts": "3"}}""") },
        { FieldType, "/nodes/0/retry/maxAttempts", Flow.Json("""{"id": "a", "type": "noop", "retry": {"maxAttempts": 1.5}}""") },
        { FieldType, "/nodes/0/retry/nonRetryableCodes", Flow.Json("""{"id": "a", "type": "noop", "retry": {"nonRetryableCodes": "X"}}""") },
        { FieldType, "/nodes/0/retry/nonRetryableCodes/1", Flow.Json("""{"id": "a", "type": "noop", "retry": {"nonRetryableCodes": ["X", 1]}}""") },
        { FieldType, "/nodes/0/position", Flow.Json("""{"id": "a", "type": "noop", "position": 3}""") },
        { FieldType, "/nodes/0/parameters", Flow.Json("""{"id": "a", "type": "noop", "parameters": []}""") },
        { FieldType, "/nodes/0/effect", Flow.Json("""{"id": "a", "type": "noop", "effect": "yes"}""") },
        { FieldType, "/nodes/0/onError", Flow.Json("""{"id": "a", "type": "noop", "onError": true}""") },
        { FieldType, "/nodes/0/timeoutSeconds", Flow.Json("""{"id": "a", "type": "noop", "timeoutSeconds": "1"}""") },
        { FieldValue, "/nodes/0/timeoutSeconds", Flow.Json("""{"id": "a", "type": "noop", "timeoutSeconds": 0}""") },
        { FieldValue, "/nodes/0/timeoutSeconds", Flow.Json("""{"id": "a", "type": "noop", "timeoutSeconds": 86401}""") },
        { FieldValue, "/nodes/0/retry/maxAttempts", Flow.Json("""{"id": "a", "type": "noop", "retry": {"maxAttempts": 0}}""") },
        { FieldValue, "/nodes/0/retry/maxAttempts", Flow.Json("""{"id": "a", "type": "noop", "retry": {"maxAttempts": 101}}""") },
        { FieldValue, "/nodes/0/retry/maxAttempts", Flow.Json("""{"id": "a", "type": "noop", "retry": {"maxAttempts": 1e12}}""") },
        { FieldValue, "/nodes/0/retry/multiplier", Flow.Json("""{"id": "a", "type": "noop", "retry": {"multiplier": 0.5}}""") },
        { FieldValue, "/nodes/0/retry/initialDelaySeconds", Flow.Json("""{"id": "a", "type": "noop", "retry": {"initialDelaySeconds": -1}}""") },
        { FieldValue, "/nodes/0/retry/initialDelaySeconds", Flow.Json("""{"id": "a", "type": "noop", "retry": {"initialDelaySeconds": 604801}}""") },
        { FieldValue, "/nodes/0/retry/maxDelaySeconds", Flow.Json("""{"id": "a", "type": "noop", "retry": {"maxDelaySeconds": 604801}}""") },
        { FieldValue, "/settings/retentionDays", Flow.Json(A, "", """, "settings": {"retentionDays": 3651}""") },
        { FieldValue, "/settings/timeoutSeconds", Flow.Json(A, "", $$$""", "settings": {"timeoutSeconds": {{{Limits.WaitSeconds + 1}}}}""") },
        { FieldValue, "/settings/concurrency/limit", Flow.Json(A, "", """, "settings": {"concurrency": {"limit": 1000001}}""") },
        { InputSchemaInvalid, "/parameters/pattern", Flow.Json(A, "", $$$""", "parameters": {"pattern": "{{{new string('a', Limits.InputSchemaPatternLength + 1)}}}"}""") },
        { ParameterValue, "/nodes/0/parameters/seconds", Flow.Json($$$"""{"id": "a", "type": "delay", "parameters": {"seconds": {{{Limits.WaitSeconds + 1}}}}}""") },
        { ParameterValue, "/nodes/0/parameters/maxResponseBytes", Flow.Json("""{"id": "a", "type": "http", "parameters": {"url": "http://x", "maxResponseBytes": 1048577}}""") },
        { FieldValue, "/nodes/0/onError", Flow.Json("""{"id": "a", "type": "noop", "onError": "ignore"}""") },
        { FieldValue, "/name", Flow.Json(A, "", $", \"name\": \"{new string('n', 201)}\"") },
        { FieldValue, "/settings/priority", Flow.Json(A, "", """, "settings": {"priority": "urgent"}""") },
        { FieldValue, "/settings/overlapPolicy", Flow.Json(A, "", """, "settings": {"overlapPolicy": "cancel"}""") },
        { FieldValue, "/settings/checkpoint", Flow.Json(A, "", """, "settings": {"checkpoint": "never"}""") },
        { FieldValue, "/settings/retentionDays", Flow.Json(A, "", """, "settings": {"retentionDays": 0}""") },
        { FieldValue, "/settings/timeoutSeconds", Flow.Json(A, "", """, "settings": {"timeoutSeconds": -5}""") },
        { FieldValue, "/settings/concurrency/limit", Flow.Json(A, "", """, "settings": {"concurrency": {"limit": 0}}""") },
        { FieldUnknown, "/nods", Flow.Json(A, "", ", \"nods\": []") },
        { FieldUnknown, "/nodes/0/typ", Flow.Json("""{"id": "a", "type": "noop", "typ": "x"}""") },
        { FieldUnknown, "/nodes/0/retry/attempts", Flow.Json("""{"id": "a", "type": "noop", "retry": {"attempts": 1}}""") },
        { FieldUnknown, "/nodes/0/position/z", Flow.Json("""{"id": "a", "type": "noop", "position": {"z": 1}}""") },
        { FieldUnknown, "/edges/0/target", $$"""{"schema": 1, "nodes": [{{A}}, {{B}}], "edges": [{"from": "a", "to": "b", "target": "b"}]}""" },
        { FieldUnknown, "/settings/timeout", Flow.Json(A, "", """, "settings": {"timeout": 5}""") },
        { FieldUnknown, "/triggers/0/cron", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "manual", "cron": "* * * * *"}]""") },
        { FieldUnknown, "/triggers/0/eventType", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "manual", "eventType": "a"}]""") },
        { FieldUnknown, "/triggers/0/condition", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "manual", "condition": "true"}]""") },
        { FieldUnknown, "/a~1b~0c", Flow.Json(A, "", ", \"a/b~c\": 1") },
        { TriggerTypeUnknown, "/triggers/0/type", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "evnt"}]""") },
        { TriggerTypeUnknown, "/triggers/0/type", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "timer"}]""") },
        { TriggerIdDuplicate, "/triggers/1/id", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "manual"}, {"id": "t", "type": "manual"}]""") },
        { EventTypeInvalid, "/triggers/0/eventType", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "event", "eventType": "a b"}]""") },
        { EventTypeInvalid, "/triggers/0/eventType", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "event", "eventType": "a.**"}]""") },
        { EventTypeInvalid, "/nodes/0/parameters/eventType", Flow.Json("""{"id": "a", "type": "waitForEvent", "parameters": {"eventType": "a b"}}""") },
        { NodeIdInvalid, "/nodes/0/id", Flow.Json(Flow.Noop("1a")) },
        { NodeIdInvalid, "/nodes/0/id", Flow.Json(Flow.Noop("a b")) },
        { NodeIdInvalid, "/nodes/0/id", Flow.Json(Flow.Noop("ä")) },
        { NodeIdInvalid, "/nodes/0/id", Flow.Json(Flow.Noop(new string('a', 65))) },
        { NodeIdDuplicate, "/nodes/1/id", Flow.Json($"{A}, {A}") },
        { NodeTypeUnknown, "/nodes/0/type", Flow.Json("""{"id": "a", "type": "nop"}""") },
        { ParameterMissing, "/nodes/0/parameters/value", Flow.Json("""{"id": "a", "type": "set"}""") },
        { ParameterMissing, "/nodes/0/parameters/condition", Flow.Json("""{"id": "a", "type": "if", "parameters": {"condition": null}}""") },
        { ParameterMissing, "/nodes/0/parameters/count", Flow.Json(Flow.Join("a", "\"mode\": \"count\"")) },
        { ParameterMissing, "/nodes/0/parameters/cases/0/when", Flow.Json("""{"id": "a", "type": "switch", "parameters": {"cases": [{"port": "x"}]}}""") },
        { ParameterType, "/nodes/0/parameters/condition", Flow.Json("""{"id": "a", "type": "if", "parameters": {"condition": {}}}""") },
        { ParameterType, "/nodes/0/parameters/mode", Flow.Json(Flow.Join("a", "\"mode\": 1")) },
        { ParameterType, "/nodes/0/parameters/cases", Flow.Json("""{"id": "a", "type": "switch", "parameters": {"cases": {}}}""") },
        { ParameterType, "/nodes/0/parameters/cases/1", Flow.Json("""{"id": "a", "type": "switch", "parameters": {"cases": [{"port": "x", "when": true}, 5]}}""") },
        { ParameterType, "/nodes/0/parameters/url", Flow.Json("""{"id": "a", "type": "http", "parameters": {"url": 5}}""") },
        { ParameterType, "/nodes/0/parameters/headers", Flow.Json("""{"id": "a", "type": "http", "parameters": {"url": "http://x", "headers": "no"}}""") },
        { ParameterType, "/nodes/0/parameters/seconds", Flow.Json("""{"id": "a", "type": "delay", "parameters": {"seconds": "5"}}""") },
        { ParameterType, "/nodes/0/parameters/followRedirects", Flow.Json("""{"id": "a", "type": "http", "parameters": {"url": "http://x", "followRedirects": 1}}""") },
        { ParameterType, "/nodes/0/parameters/maxResponseBytes", Flow.Json("""{"id": "a", "type": "http", "parameters": {"url": "http://x", "maxResponseBytes": 1.5}}""") },
        { ParameterValue, "/nodes/0/parameters/seconds", Flow.Json("""{"id": "a", "type": "delay", "parameters": {"seconds": -1}}""") },
        { ParameterValue, "/nodes/0/parameters/mode", Flow.Json(Flow.Join("a", "\"mode\": \"some\"")) },
        { ParameterValue, "/nodes/0/parameters/method", Flow.Json("""{"id": "a", "type": "http", "parameters": {"url": "http://x", "method": "GET"}}""") },
        { ParameterValue, "/nodes/0/parameters/url", Flow.Json("""{"id": "a", "type": "http", "parameters": {"url": ""}}""") },
        { ParameterValue, "/nodes/0/parameters/successStatus", Flow.Json("""{"id": "a", "type": "http", "parameters": {"url": "http://x", "successStatus": "2yy"}}""") },
        { ParameterValue, "/nodes/0/parameters/retryStatus", Flow.Json("""{"id": "a", "type": "http", "parameters": {"url": "http://x", "retryStatus": "500-400"}}""") },
        { ParameterValue, "/nodes/0/parameters/timeoutSeconds", Flow.Json("""{"id": "a", "type": "http", "parameters": {"url": "http://x", "timeoutSeconds": 0}}""") },
        { ParameterValue, "/nodes/0/parameters/cases", Flow.Json("""{"id": "a", "type": "switch", "parameters": {"cases": []}}""") },
        { ParameterValue, "/nodes/0/parameters/cases/0/port", Flow.Json("""{"id": "a", "type": "switch", "parameters": {"cases": [{"port": "default", "when": true}]}}""") },
        { ParameterValue, "/nodes/0/parameters/cases/1/port", Flow.Json("""{"id": "a", "type": "switch", "parameters": {"cases": [{"port": "x", "when": true}, {"port": "x", "when": true}]}}""") },
        { ParameterUnknown, "/nodes/0/parameters/valeu", Flow.Json("""{"id": "a", "type": "set", "parameters": {"value": 1, "valeu": 1}}""") },
        { ParameterUnknown, "/nodes/0/parameters/x", Flow.Json("""{"id": "a", "type": "noop", "parameters": {"x": 1}}""") },
        { ParameterUnknown, "/nodes/0/parameters/cases/0/then", Flow.Json("""{"id": "a", "type": "switch", "parameters": {"cases": [{"port": "x", "when": true, "then": 1}]}}""") },
        { ParameterConflict, "/nodes/0/parameters", Flow.Json("""{"id": "a", "type": "delay", "parameters": {}}""") },
        { ParameterConflict, "/nodes/0/parameters/until", Flow.Json("""{"id": "a", "type": "delay", "parameters": {"seconds": 1, "until": "x"}}""") },
        { ParameterConflict, "/nodes/0/parameters/count", Flow.Json(Flow.Join("a", "\"mode\": \"any\", \"count\": 2")) },
        { TooManyItems, "/triggers", Flow.Json(A, "", $", \"triggers\": [{string.Join(',', Enumerable.Repeat("{}", 101))}]") },
        { TooManyItems, "/nodes/0/parameters/cases", Flow.Json($$$"""{"id": "a", "type": "switch", "parameters": {"cases": [{{{string.Join(',', Enumerable.Repeat("{}", 101))}}}]}}""") },
        { EdgeNodeUnknown, "/edges/0/to", Flow.Json(A, "a>c") },
        { EdgeNodeUnknown, "/edges/0/to", Flow.Json($"{A}, {Flow.ForEach("l", "[1]", B)}", "a>b") },
        { EdgeNodeUnknown, "/nodes/1/body/edges/0/from", Flow.Json($"{A}, {Flow.ForEach("l", "[1]", B, "a>b")}") },
        { EdgeNodeUnknown, "/edges/0/from", Flow.Json(A, "c>a") },
        { EdgePortUnknown, "/edges/0/port", Flow.Json($"{A}, {B}", "a.yes>b") },
        { EdgePortUnknown, "/edges/0/port", Flow.Json($"{Flow.If("a", "true")}, {B}", "a>b") },
        { EdgePortUnknown, "/edges/0/port", Flow.Json($$"""{"id": "a", "type": "fail"}, {{B}}""", "a>b") },
        { EdgePortUnknown, "/edges/0/port", Flow.Json($$$"""{"id": "a", "type": "switch", "parameters": {"cases": [{"port": "x", "when": true}]}}, {{{B}}}""", "a.y>b") },
        { EdgeDuplicate, "/edges/1", Flow.Json($"{A}, {B}", "a>b, a>b") },
        { EdgeNeverTaken, "/edges/0/port", Flow.Json($$$"""{"id": "a", "type": "waitForEvent", "parameters": {"eventType": "x"}}, {{{B}}}""", "a.timeout>b") },
        { EdgeNeverTaken, "/edges/1/port", Flow.Json($"{A}, {Flow.Join("j", "")}, {B}", "a>j, j.error>b") },
        { OnErrorConflict, "/nodes/0/onError", Flow.Json($$$"""{"id": "a", "type": "set", "onError": "continue", "parameters": {"value": 1}}, {{{B}}}""", "a.error>b") },
        { GraphEmpty, "/nodes", """{"schema": 1, "nodes": []}""" },
        { GraphNoStart, "/edges", Flow.Json($"{A}, {B}", "a>b, b>a") },
        { GraphCycle, "/nodes/0", Flow.Json($"{A}, {B}", "a>b, b>a") },
        { GraphCycle, "/nodes/0", Flow.Json(A, "a>a") },
        { GraphCycle, "/nodes/1", Flow.Json($"{A}, {B}, {Flow.Noop("c")}", "a>b, b>c, c>b") },
        { GraphStartDuplicate, "/nodes/1", Flow.Json("""{"id": "a", "type": "start"}, {"id": "b", "type": "start"}""") },
        { GraphStartNotFirst, "/edges/0", Flow.Json($$"""{{A}}, {"id": "s", "type": "start"}""", "a>s") },
        { GraphUnreachable, "/nodes/1", Flow.Json($$"""{"id": "s", "type": "start"}, {{A}}""") },
        { GraphUnreachable, "/nodes/2", Flow.Json($$"""{"id": "s", "type": "start"}, {{A}}, {{B}}""", "a>b") },
        { JoinNeverCompletes, "/nodes/1/parameters/count", Flow.Json($"{A}, {Flow.Join("j", "\"mode\": \"count\", \"count\": 2")}", "a>j") },
        { JoinNeverCompletes, "/nodes/1/parameters/count", Flow.Json($"{Flow.If("a", "true")}, {Flow.Join("j", "\"mode\": \"count\", \"count\": 2")}", "a.true>j, a.false>j") },
        { FieldMissing, "/nodes/0/body", Flow.Json("""{"id": "a", "type": "forEach", "parameters": {"items": []}}""") },
        { FieldMissing, "/nodes/0/body/nodes", Flow.Json("""{"id": "a", "type": "repeat", "body": {}}""") },
        { FieldUnknown, "/nodes/0/body", Flow.Json("""{"id": "a", "type": "noop", "body": {"nodes": [{"id": "b", "type": "noop"}]}}""") },
        { FieldUnknown, "/nodes/0/body/node", Flow.Json("""{"id": "a", "type": "repeat", "body": {"node": []}}""") },
        { FieldUnknown, "/nodes/0/retry", Flow.Json(Flow.Repeat("a", "", B, more: ", \"retry\": {}")) },
        { FieldUnknown, "/nodes/0/timeoutSeconds", Flow.Json(Flow.Repeat("a", "", B, more: ", \"timeoutSeconds\": 5")) },
        { TooManyItems, "/nodes/0/body/nodes/0/body/nodes/0/body/nodes/0/body/nodes/0/body/nodes/0/body/nodes/0/body/nodes/0/body/nodes/0/body", Flow.Json(Nested(Limits.BodyDepth + 1)) },
        { GraphEmpty, "/nodes/0/body/nodes", Flow.Json(Flow.Repeat("a", "", "")) },
        { NodeIdDuplicate, "/nodes/1/body/nodes/0/id", Flow.Json($"{A}, {Flow.ForEach("l", "[1]", A)}") },
        { NodeTypeUnknown, "/nodes/0/body/nodes/0/body/nodes/0/type", Flow.Json(Flow.Repeat("l", "", Flow.Repeat("m", "", """{"id": "a", "type": "nop"}"""))) },
        { GraphCycle, "/nodes/0/body/nodes/0", Flow.Json(Flow.ForEach("l", "[1]", $"{A}, {B}", "a>b, b>a")) },
        { GraphUnreachable, "/nodes/0/body/nodes/1", Flow.Json(Flow.ForEach("l", "[1]", $$"""{"id": "s", "type": "start"}, {{A}}""")) },
        { JoinNeverCompletes, "/nodes/0/body/nodes/1/parameters/count", Flow.Json(Flow.ForEach("l", "[1]", $"{A}, {Flow.Join("j", "\"mode\": \"count\", \"count\": 2")}", "a>j")) },
        { EdgeNeverTaken, "/edges/0/port", Flow.Json($"{Flow.Repeat("l", "\"max\": 2", A)}, {B}", "l.exhausted>b") },
        { ParameterConflict, "/nodes/0/parameters/code", Flow.Json("""{"id": "a", "type": "terminate", "parameters": {"code": "X"}}""") },
        { ParameterConflict, "/nodes/0/parameters/output", Flow.Json("""{"id": "a", "type": "terminate", "parameters": {"status": "failed", "output": 1}}""") },
        { ReferenceInBody, "/nodes/1/parameters/value", Flow.Json($"{Flow.ForEach("l", "[1]", A)}, {Flow.Set("x", "\"{{ steps.a.output }}\"")}", "l>x") },
        { ReferenceInBody, "/output", Flow.Json(Flow.ForEach("l", "[1]", A), "", """, "output": "{{ steps.a.output }}" """) },
        { ReferenceInBody, "/nodes/1/body/nodes/0/parameters/value", Flow.Json($"{Flow.ForEach("l", "[1]", A)}, {Flow.ForEach("m", "[1]", Flow.Set("x", "\"{{ steps.a.output }}\""))}", "l>m") },
        { ReferenceNotBefore, "/nodes/0/body/nodes/0/parameters/value", Flow.Json($"{Flow.ForEach("l", "[1]", Flow.Set("x", "\"{{ steps.b.output }}\""))}, {B}") },
        { ReferenceNotBefore, "/nodes/0/body/nodes/0/parameters/value", Flow.Json(Flow.ForEach("l", "[1]", Flow.Set("x", "\"{{ steps.l.output }}\""))) },
        { ReferenceNotBefore, "/nodes/0/body/output", Flow.Json($"{Flow.ForEach("l", "[1]", A, "", """, "output": "{{ steps.b.output }}" """)}, {B}") },
        { ExpressionNameUnknown, "/nodes/0/parameters/value", Flow.Json(Flow.Set("a", "\"{{ item }}\"")) },
        { ExpressionNameUnknown, "/nodes/0/parameters/items", Flow.Json(Flow.ForEach("l", "item", A)) },
        { ExpressionNameUnknown, "/output", Flow.Json(A, "", """, "output": "{{ index }}" """) },
        { CompensationUnknown, "/nodes/0/compensate", Flow.Json("""{"id": "a", "type": "noop", "compensate": "x"}""") },
        { CompensationUnknown, "/nodes/0/compensate", Flow.Json($$"""{"id": "a", "type": "noop", "compensate": "b"}, {{Flow.ForEach("l", "[1]", B)}}""") },
        { CompensationInvalid, "/nodes/0/compensate", Flow.Json("""{"id": "a", "type": "noop", "compensate": "a"}""") },
        { CompensationInvalid, "/nodes/0/compensate", Flow.Json($$"""{"id": "a", "type": "noop", "compensate": "b"}, {{B}}, {{Flow.Noop("c")}}""", "a>c, c>b") },
        { CompensationInvalid, "/nodes/0/compensate", Flow.Json($$"""{"id": "a", "type": "noop", "compensate": "b"}, {{B}}, {{Flow.Noop("c")}}""", "a>c, b>c") },
        { CompensationInvalid, "/nodes/1/compensate", Flow.Json($$"""{"id": "a", "type": "noop", "compensate": "b"}, {"id": "c", "type": "noop", "compensate": "b"}, {{B}}""") },
        { CompensationInvalid, "/nodes/0/compensate", Flow.Json("""{"id": "a", "type": "noop", "compensate": "b"}, {"id": "b", "type": "noop", "compensate": "c"}, {"id": "c", "type": "noop"}""") },
        { CompensationInvalid, "/nodes/0/compensate", Flow.Json("""{"id": "a", "type": "noop", "compensate": "b"}, {"id": "b", "type": "fail"}""") },
        { ParameterMissing, "/nodes/0/parameters/secret", Flow.Json("""{"id": "a", "type": "waitForWebhook", "parameters": {"signature": "standard"} }""") },
        { ParameterConflict, "/nodes/0/parameters/secret", Flow.Json("""{"id": "a", "type": "waitForWebhook", "parameters": {"secret": "S"} }""") },
        { FieldMissing, "/settings/rateLimit/perSeconds", Flow.Json(A, "", """, "settings": {"rateLimit": {"limit": 5}}""") },
        { FieldValue, "/settings/rateLimit/limit", Flow.Json(A, "", """, "settings": {"rateLimit": {"limit": 0, "perSeconds": 60}}""") },
        { FieldValue, "/settings/rateLimit/perSeconds", Flow.Json(A, "", """, "settings": {"rateLimit": {"limit": 5, "perSeconds": 0}}""") },
        { FieldUnknown, "/settings/rateLimit/burst", Flow.Json(A, "", """, "settings": {"rateLimit": {"limit": 5, "perSeconds": 60, "burst": 1}}""") },
        { ExpressionNameUnknown, "/settings/rateLimit/key", Flow.Json(A, "", """, "settings": {"rateLimit": {"limit": 5, "perSeconds": 60, "key": "{{ steps.a.output }}"}}""") },
        { FieldType, "/settings/compensateOnCancel", Flow.Json(A, "", """, "settings": {"compensateOnCancel": "yes"}""") },
        { InputSchemaInvalid, "/parameters", Flow.Json(A, "", ", \"parameters\": 5") },
        { InputSchemaInvalid, "/parameters/type", Flow.Json(A, "", """, "parameters": {"type": "text"}""") },
        { InputSchemaInvalid, "/parameters/properties/x/pattern", Flow.Json(A, "", """, "parameters": {"properties": {"x": {"pattern": "("}}}""") },
        { InputSchemaInvalid, "/parameters/properties/x/pattern", Flow.Json(A, "", """, "parameters": {"properties": {"x": {"pattern": "(?=a)b"}}}""") },
        { InputSchemaInvalid, "/parameters/pattern", Flow.Json(A, "", """, "parameters": {"pattern": "(.*){1,101}"}""") },
        { InputSchemaInvalid, "/parameters/pattern", Flow.Json(A, "", """, "parameters": {"pattern": "(([a-z]{50}){11}){10}"}""") },
        { InputSchemaInvalid, "/parameters/required", Flow.Json(A, "", """, "parameters": {"required": "x"}""") },
        { InputSchemaInvalid, "/parameters/minLength", Flow.Json(A, "", """, "parameters": {"minLength": -1}""") },
        { InputSchemaInvalid, "/parameters/enum", Flow.Json(A, "", """, "parameters": {"enum": []}""") },
        { InputSchemaInvalid, "/parameters/multipleOf", Flow.Json(A, "", """, "parameters": {"multipleOf": 0}""") },
        { InputSchemaKeywordUnsupported, "/nodes/0/parameters/schema/oneOf", Flow.Json("""{"id": "a", "type": "validate", "parameters": {"value": 1, "schema": {"oneOf": []}}}""") },
        { ParameterValue, "/nodes/0/parameters/size", Flow.Json("""{"id": "a", "type": "split", "parameters": {"items": [], "size": 0}}""") },
        { InputSchemaKeywordUnsupported, "/parameters/oneOf", Flow.Json(A, "", """, "parameters": {"oneOf": []}""") },
        { InputSchemaKeywordUnsupported, "/parameters/items/$ref", Flow.Json(A, "", """, "parameters": {"items": {"$ref": "#"}}""") },
        { InputSchemaKeywordUnsupported, "/parameters/format", Flow.Json(A, "", """, "parameters": {"format": "ipv4"}""") },
        { ExpressionInvalid, "/nodes/0/parameters/condition", Flow.Json(Flow.If("a", "input.amount >")) },
        { ExpressionInvalid, "/nodes/0/parameters/condition", Flow.Json(Flow.If("a", "  ")) },
        { ExpressionInvalid, "/nodes/0/parameters/condition", Flow.Json(Flow.If("a", "{{ ( }}")) },
        { ExpressionInvalid, "/nodes/0/parameters/value/x/0", Flow.Json(Flow.Set("a", """{"x": ["{{ 1 + }}"]}""")) },
        { ExpressionInvalid, "/output/total", Flow.Json(A, "", """, "output": {"total": "{{ 1 + }}"}""") },
        { ExpressionInvalid, "/triggers/0/condition", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "event", "eventType": "a", "condition": "event.data ="}]""") },
        { ExpressionInvalid, "/settings/concurrency/key", Flow.Json(A, "", """, "settings": {"concurrency": {"limit": 1, "key": "input."}}""") },
        { ExpressionTooLong, "/nodes/0/parameters/condition", Flow.Json(Flow.If("a", new string('1', Limits.ExpressionLength + 1))) },
        { ExpressionTooLong, "/nodes/0/parameters/value/x", Flow.Json(Flow.Set("a", "{\"x\": \"{{ 1 }}" + new string(' ', Limits.ExpressionLength) + "\"}")) },
        { ExpressionNameUnknown, "/nodes/0/parameters/value", Flow.Json(Flow.Set("a", "\"{{ inptu.x }}\"")) },
        { ExpressionNameUnknown, "/nodes/0/parameters/value", Flow.Json(Flow.Set("a", "\"{{ execution.tenant }}\"")) },
        { ExpressionNameUnknown, "/nodes/0/parameters/value", Flow.Json(Flow.Set("a", "\"{{ trigger.eventType }}\"")) },
        { ExpressionNameUnknown, "/nodes/1/parameters/value", Flow.Json($"{A}, {Flow.Set("b", "\"{{ steps.a.result }}\"")}", "a>b") },
        { ExpressionNameUnknown, "/triggers/0/condition", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "event", "eventType": "a", "condition": "input.x = 1"}]""") },
        { ExpressionNameUnknown, "/settings/concurrency/key", Flow.Json(A, "", """, "settings": {"concurrency": {"limit": 1, "key": "steps.a.output"}}""") },
        { SecretMisused, "/nodes/0/parameters/value", Flow.Json(Flow.Set("a", "\"{{ secrets.X }}\"")) },
        { SecretMisused, "/nodes/0/parameters/url", Flow.Json("""{"id": "a", "type": "http", "parameters": {"url": "{{ secrets.X }}"}}""") },
        { SecretMisused, "/output", Flow.Json(A, "", """, "output": "{{ secrets.X }}" """) },
        { SecretMisused, "/triggers/0/condition", Flow.Json(A, "", """, "triggers": [{"id": "t", "type": "event", "eventType": "a", "condition": "secrets.X = 1"}]""") },
        { ReferenceUnknown, "/nodes/0/parameters/value", Flow.Json(Flow.Set("a", "\"{{ steps.nobody.output }}\"")) },
        { ReferenceUnknown, "/output", Flow.Json(A, "", """, "output": "{{ steps.nobody.output }}" """) },
        { ReferenceUnknown, "/nodes/1/parameters/value", Flow.Json($"{Flow.Noop("my-node")}, {Flow.Set("b", "\"{{ steps.my-node.output }}\"")}", "my-node>b") },
        { ReferenceNotBefore, "/nodes/0/parameters/value", Flow.Json($"{Flow.Set("a", "\"{{ steps.b.output }}\"")}, {B}", "a>b") },
        { ReferenceNotBefore, "/nodes/1/parameters/value", Flow.Json($"{A}, {Flow.Set("b", "\"{{ steps.b.output }}\"")}", "a>b") },
        { ReferenceNotBefore, "/nodes/1/parameters/condition", Flow.Json($"{A}, {Flow.If("b", "steps.a.output")}") },
    };

    private static string Nested(int depth) => depth == 0 ? A : Flow.Repeat($"r{depth}", "", Nested(depth - 1));

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_problem_is_reported_where_it_is(string code, string pointer, string definition)
    {
        var problems = Flow.Problems(definition);

        var problem = Assert.Single(problems, problem => problem.Code == code && problem.Pointer == pointer);
        Assert.EndsWith(".", problem.Message, StringComparison.Ordinal);
        Assert.NotEmpty(problem.Hint);
    }

    [Fact]
    public void Every_code_has_a_definition_that_bears_it()
    {
        var covered = Cases.Select(row => row.Data.Item1).ToHashSet();
        covered.Add(ProblemsTruncated); // A_long_list_of_problems_is_cut
        covered.Add(ConnectorUnknown); // no definition alone: CustomNodeTests.A_definition_says_what_it_needs_of_its_tenant
        covered.Add(ModelUnknown); // nor this one: ModelTests of the API
        covered.Add(WorkflowUnknown); // of custom nodes alone: NodeDefinitionTests.A_custom_node_that_names_no_workflow_it_could_run_is_refused

        Assert.Equal(All.Select(code => code.Key).Order(), covered.Order());
    }

    [Fact]
    public void All_problems_are_reported_at_once()
    {
        var problems = Flow.Problems("""
            {
              "schema": 1,
              "colour": "red",
              "nodes": [
                {"id": "a", "type": "hhtp", "parameters": {"url": 1}},
                {"id": "b", "type": "set"},
                {"id": "c", "type": "join", "parameters": {"mode": "count", "count": 9}}
              ],
              "edges": [{"from": "a", "to": "nowhere"}, {"from": "a", "to": "c"}],
              "settings": {"priority": "top"},
              "parameters": {"type": "obj"}
            }
            """);

        Assert.Equal(
            [
                (EdgeNodeUnknown, "/edges/0/to"),
                (FieldUnknown, "/colour"),
                (FieldValue, "/settings/priority"),
                (InputSchemaInvalid, "/parameters/type"),
                (JoinNeverCompletes, "/nodes/2/parameters/count"),
                (NodeTypeUnknown, "/nodes/0/type"),
                (ParameterMissing, "/nodes/1/parameters/value"),
            ],
            problems.Select(problem => (problem.Code, problem.Pointer)).OrderBy(problem => problem.Code, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"id": "a", "type": "hhtp"}""", "http")]
    [InlineData("""{"id": "a", "type": "HTTP"}""", "http")]
    [InlineData("""{"id": "a", "type": "waitforevent"}""", "waitForEvent")]
    [InlineData("""{"id": "a", "type": "emitEvnet"}""", "emitEvent")]
    [InlineData("""{"id": "a", "type": "set", "parameters": {"value": 1}, "onErorr": "fail"}""", "onError")]
    [InlineData("""{"id": "a", "type": "delay", "parameters": {"second": 1}}""", "seconds")]
    public void A_mistyped_name_gets_the_nearest_one_as_hint(string node, string suggestion)
    {
        Assert.Contains(Flow.Problems(Flow.Json(node)), problem => problem.Hint == $"Did you mean '{suggestion}'?");
    }

    [Fact]
    public void Nothing_is_suggested_that_is_not_near()
    {
        var problem = Assert.Single(Flow.Problems(Flow.Json("""{"id": "a", "type": "teleport"}""")));

        Assert.StartsWith("Known here: start, noop, if,", problem.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_list_of_problems_is_cut()
    {
        var nodes = string.Join(',', Enumerable.Range(0, 2_000).Select(index => $$"""{"id": "n{{index}}", "type": "nope"}"""));

        var problems = Flow.Problems(Flow.Json(nodes));

        Assert.Equal(Limits.Problems + 1, problems.Count);
        Assert.Equal(ProblemsTruncated, problems[^1].Code);
    }

    [Fact]
    public void Invalid_utf8_is_refused()
    {
        byte[] json = [.. "{\"schema\": 1, \"name\": \""u8, 0xC3, 0x28, .. "\"}"u8];

        Assert.False(CompiledWorkflow.TryCompile(json, out _, out var problems));
        Assert.Equal(NotStorable, Assert.Single(problems).Code);
    }

    [Fact]
    public void A_definition_over_the_size_limit_is_refused_before_it_is_parsed()
    {
        var json = Encoding.UTF8.GetBytes(new string(' ', Limits.DefinitionBytes + 1));

        Assert.False(CompiledWorkflow.TryCompile(json, out _, out var problems));
        Assert.Equal(TooLarge, Assert.Single(problems).Code);
    }

    [Theory]
    [InlineData(Limits.Nodes, 0)]
    [InlineData(Limits.Nodes + 1, 1)]
    public void The_limit_of_nodes_holds(int count, int tooMany)
    {
        var problems = Flow.Problems(Flow.Json(string.Join(',', Enumerable.Range(0, count).Select(index => Flow.Noop($"n{index}")))));

        Assert.Equal(tooMany, problems.Count(problem => problem is { Code: TooManyItems, Pointer: "/nodes" }));
    }

    [Fact]
    public void The_nodes_of_bodies_count_too()
    {
        var nodes = string.Join(',', Enumerable.Range(0, Limits.Nodes / 2).Select(index => Flow.Noop($"n{index}")));
        var body = string.Join(',', Enumerable.Range(0, Limits.Nodes / 2).Select(index => Flow.Noop($"b{index}")));

        Assert.Contains(Flow.Problems(Flow.Json($"{nodes}, {Flow.ForEach("l", "[1]", body)}")), problem => problem is { Code: TooManyItems, Pointer: "/nodes" });
    }

    [Fact]
    public void The_limit_of_edges_holds()
    {
        // 200 × 101 pairs: one edge too many after 20,000.
        var nodes = string.Join(',', Enumerable.Range(0, 301).Select(index => Flow.Noop($"n{index}")));
        var pairs = Enumerable.Range(0, Limits.Edges + 1).Select(index => $"n{index / 101}>n{200 + (index % 101)}");

        Assert.Contains(Flow.Problems(Flow.Json(nodes, string.Join(',', pairs))), problem => problem is { Code: TooManyItems, Pointer: "/edges" });
    }

    [Fact]
    public void The_documentation_lists_the_codes()
    {
        var text = new StringBuilder("""
            # Definition problems

            Saving or validating a workflow definition reports every problem at once, each with a JSON pointer, one of these codes, a message
            and a hint. Codes are stable. This page is checked against the code by a test (`WORKFLOWS_UPDATE_DOCS=1` rewrites it).

            | code | meaning |
            |---|---|

            """);
        foreach (var (code, meaning) in All)
        {
            text.Append($"| `{code}` | {meaning} |\n");
        }

        Repository.AssertDocument("docs/definition-problems.md", text.ToString());
    }
}
