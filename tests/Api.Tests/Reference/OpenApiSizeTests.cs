using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.OpenApi;
using Workflows.Api.Http;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Reference;

/// <summary>What clients are generated from: shared answers, closed lists, and nothing twice.</summary>
public sealed partial class OpenApiSizeTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const int MostBytes = 800_000;

    private const string RuleSql = "select pg_get_constraintdef(oid) from pg_constraint where conname = $1 limit 1";

    [Fact]
    public async Task The_document_is_small()
    {
        using var anybody = api.Host.Client();

        var text = (await anybody.GetAsync("/openapi/v1.json")).Text;

        Assert.True(text.Length < MostBytes, $"{text.Length} characters");
    }

    [Fact]
    public async Task A_reader_of_documents_finds_nothing_wrong()
    {
        using var anybody = api.Host.Client();

        var read = Microsoft.OpenApi.OpenApiDocument.Parse((await anybody.GetAsync("/openapi/v1.json")).Text, "json");

        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic!.SpecificationVersion);
        Assert.Empty(read.Diagnostic.Errors);
        Assert.Empty(read.Diagnostic.Warnings);
    }

    [Fact]
    public async Task Every_answer_of_a_failure_is_a_shared_one_and_names_only_codes_of_its_status()
    {
        var document = await DocumentAsync();

        foreach (var (name, operation) in Operations(document))
        {
            foreach (var response in operation.GetProperty("responses").EnumerateObject().Where(IsFailure))
            {
                Assert.Matches(
                    $"^#/components/responses/[A-Za-z]+{response.Name}$",
                    response.Value.GetProperty("$ref").GetString());
                var codes = Codes(document, response);
                Assert.NotEmpty(codes);
                Assert.All(codes, code => Assert.Equal(
                    response.Name, $"{Errors.All.Single(error => error.Code == code).Status}"));
            }

            Assert.True(operation.GetProperty("responses").EnumerateObject().Any(IsFailure), name);
        }
    }

    [Theory]
    [InlineData("get /api/v1/workflows/{workflowId}", 404, "WORKFLOW_NOT_FOUND", "TRANSACTION_NOT_FOUND")]
    [InlineData("post /api/v1/workflows/{workflowId}/publish", 422, "DEFINITION_INVALID", "IDEMPOTENCY_KEY_REUSED")]
    [InlineData("patch /api/v1/workflows/{workflowId}", 428, "PRECONDITION_REQUIRED")]
    [InlineData("get /api/v1/workflows", 403, "FORBIDDEN", "TERMS_NOT_ACCEPTED")]
    [InlineData("get /api/v1/auth/me", 403, "FORBIDDEN")]
    public async Task An_operation_names_the_codes_that_it_can_give(string name, int status, params string[] codes)
    {
        var document = await DocumentAsync();

        Assert.Equal(codes.Order(), CodesOf(document, name, status).Order());
    }

    [Theory]
    [InlineData("get /api/v1/executions/{executionId}", 409)]
    [InlineData("get /api/v1/workflows/{workflowId}", 412)]
    [InlineData("get /api/v1/workflows/{workflowId}", 415)]
    [InlineData("get /api/v1/executions", 404)]
    [InlineData("post /api/v1/auth/login", 403)]
    public async Task An_operation_does_not_name_what_it_cannot_give(string name, int status)
    {
        var document = await DocumentAsync();

        Assert.Empty(CodesOf(document, name, status));
    }

    [Fact]
    public async Task What_fails_in_fact_is_named_by_its_operation()
    {
        using var owner = api.Host.Owner();
        var document = await DocumentAsync();
        var none = Guid.CreateVersion7();
        var made = (await owner.PostAsync("workspaces", """{ "name": "taken" }""")).Ok(HttpStatusCode.Created);

        Named("post /api/v1/workspaces", await owner.PostAsync("workspaces", """{ "name": "taken" }"""));
        Named("post /api/v1/workspaces", await owner.PostAsync("workspaces", """{ "nome": "x" }"""));
        Named("post /api/v1/workspaces", await owner.PostAsync("workspaces", "{"));
        Named("get /api/v1/workspaces/{workspaceId}", await owner.GetAsync($"workspaces/{none}"));
        Named("get /api/v1/workspaces", await owner.GetAsync("workspaces?cursor=x"));
        Named("get /api/v1/workspaces", await owner.GetAsync("workspaces?nothing=x"));
        Named("delete /api/v1/workspaces/{workspaceId}", await owner.DeleteAsync($"workspaces/{made.Id}"));
        Named("post /api/v1/workflows/{workflowId}/execute", await owner.PostAsync($"workflows/{none}/execute", "{}"));
        Named("post /api/v1/events", await owner.PostAsync("events", """{ "id": "1" }"""));
        Named(
            "post /api/v1/auth/login",
            await owner.PostAsync("auth/login", """{ "email": "nobody@example.com", "password": "none of ours" }"""));

        void Named(string name, Answer answer)
        {
            var code = answer.Json.GetProperty("error").GetProperty("code").GetString();
            Assert.Contains(code, CodesOf(document, name, (int)answer.Status));
        }
    }

    [Fact]
    public async Task The_data_of_success_are_never_null()
    {
        var schemas = (await DocumentAsync()).GetProperty("components").GetProperty("schemas");
        var envelopes = schemas.EnumerateObject()
            .Where(schema => schema.Name.StartsWith("EnvelopeOf", StringComparison.Ordinal)).ToList();

        Assert.True(envelopes.Count > 100, $"{envelopes.Count} envelopes");
        Assert.All(envelopes, envelope =>
        {
            var data = envelope.Value.GetProperty("properties").GetProperty("data");
            Assert.DoesNotContain("null", data.GetRawText(), StringComparison.Ordinal);
            Assert.Contains(
                envelope.Value.GetProperty("required").EnumerateArray(), name => name.GetString() == "data");
        });
    }

    [Theory]
    [InlineData("ExecutionItem", "status", nameof(ClosedList.ExecutionStatus))]
    [InlineData("ExecutionItem", "triggerType", nameof(ClosedList.ExecutionTrigger))]
    [InlineData("TicketView", "priority", nameof(ClosedList.TicketPriority))]
    [InlineData("GrantView", "level", nameof(ClosedList.ObjectLevel))]
    [InlineData("LogView", "level", nameof(ClosedList.LogLevel))]
    public async Task Words_of_a_closed_list_are_listed(string schema, string member, string list)
    {
        var schemas = (await DocumentAsync()).GetProperty("components").GetProperty("schemas");

        var words = schemas.GetProperty(schema).GetProperty("properties").GetProperty(member).GetProperty("enum");

        Assert.Equal(Words(list), words.EnumerateArray().Select(word => word.GetString()));
    }

    [Theory]
    [InlineData(nameof(ClosedList.ExecutionStatus), "executions_status_known")]
    [InlineData(nameof(ClosedList.ExecutionTrigger), "executions_trigger_known")]
    [InlineData(nameof(ClosedList.StepStatus), "step_executions_status_known")]
    [InlineData(nameof(ClosedList.LogLevel), "execution_logs_level_known")]
    [InlineData(nameof(ClosedList.ObjectLevel), "object_permissions_level_known")]
    [InlineData(nameof(ClosedList.NoticeLevel), "notifications_level_known")]
    [InlineData(nameof(ClosedList.NoticeLevel), "announcements_level_known")]
    [InlineData(nameof(ClosedList.DeliveryStatus), "deliveries_status_known")]
    [InlineData(nameof(ClosedList.DeadLetterStatus), "dead_letters_status_known")]
    [InlineData(nameof(ClosedList.JobRunStatus), "job_runs_status_known")]
    [InlineData(nameof(ClosedList.JobRunTrigger), "job_runs_trigger_known")]
    [InlineData(nameof(ClosedList.JobItemStatus), "job_run_items_status_known")]
    [InlineData(nameof(ClosedList.ApprovalStatus), "approval_requests_status_known")]
    [InlineData(nameof(ClosedList.ApprovalMode), "approval_requests_mode_known")]
    [InlineData(nameof(ClosedList.TicketStatus), "tickets_status_known")]
    [InlineData(nameof(ClosedList.TicketPriority), "tickets_priority_known")]
    [InlineData(nameof(ClosedList.TenantStatus), "tenants_status_known")]
    [InlineData(nameof(ClosedList.ConnectorStatus), "connectors_status_known")]
    [InlineData(nameof(ClosedList.InvoiceStatus), "invoices_status_known")]
    public async Task A_closed_list_is_the_one_that_the_database_keeps(string list, string constraint)
    {
        var rule = await api.Host.ScalarAsync<string>(RuleSql, constraint);

        Assert.Equal(
            Words(list).Order(StringComparer.Ordinal),
            Quoted().Matches(rule!).Select(word => word.Groups[1].Value).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("get /api/v1/workflows", "RATE_LIMITED", "INTERNAL", "UNAVAILABLE")]
    [InlineData("post /api/v1/auth/refresh", "INTERNAL", "UNAVAILABLE")]
    public async Task What_any_request_may_meet_is_the_default_answer(string name, params string[] codes)
    {
        var document = await DocumentAsync();
        var operation = Operations(document).Single(operation => operation.Name == name).Value;

        var usual = operation.GetProperty("responses").EnumerateObject().Single(answer => answer.Name == "default");

        Assert.Equal(codes, Codes(document, usual));
    }

    [Theory]
    [InlineData("CreateWorkspaceRequest", true)]
    [InlineData("WorkspaceView", false)]
    public async Task Requests_are_closed_and_answers_may_have_more_in_a_later_release(string name, bool isClosed)
    {
        var schemas = (await DocumentAsync()).GetProperty("components").GetProperty("schemas");

        Assert.Equal(isClosed, schemas.GetProperty(name).TryGetProperty("additionalProperties", out _));
    }

    private static IReadOnlyList<string> Words(string list) => ClosedLists.Of(Enum.Parse<ClosedList>(list));

    private static bool IsFailure(JsonProperty response) => response.Name[0] is '4' or '5';

    private static List<string> CodesOf(JsonElement document, string name, int status) =>
    [
        .. Operations(document).Single(operation => operation.Name == name).Value.GetProperty("responses")
            .EnumerateObject().Where(response => response.Name == $"{status}")
            .SelectMany(response => Codes(document, response)),
    ];

    private static List<string> Codes(JsonElement document, JsonProperty response)
    {
        var name = response.Value.GetProperty("$ref").GetString()!.Split('/')[^1];
        var shared = document.GetProperty("components").GetProperty("responses").GetProperty(name);
        var said = response.Value.TryGetProperty("description", out var own) ? own : shared.GetProperty("description");
        return [.. Code().Matches(said.GetString()!).Select(code => code.Groups[1].Value)];
    }

    private static IEnumerable<(string Name, JsonElement Value)> Operations(JsonElement document) =>
        from path in document.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        select ($"{operation.Name} {path.Name}", operation.Value);

    private async Task<JsonElement> DocumentAsync()
    {
        using var anybody = api.Host.Client();
        return (await anybody.GetAsync("/openapi/v1.json")).Json;
    }

    [GeneratedRegex("`([A-Z_]+)`")]
    private static partial Regex Code();

    [GeneratedRegex("'([a-z_]+)'")]
    private static partial Regex Quoted();
}
