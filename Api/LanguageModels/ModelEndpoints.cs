using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.AI;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Connectors;
using Workflows.Models;

namespace Workflows.Api.LanguageModels;

/// <summary>Language models that a tenant registers: whose they are, what they cost, how often they may be
/// asked.</summary>
internal static partial class ModelEndpoints
{
    private static readonly string[] Kinds = ["chat", "embedding"];

    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup("/models").WithTags("Models");
        models.MapGet("", ListAsync).Requires(Permission.ModelsRead).WithSummary("List language models by name");
        models.MapPost("", CreateAsync).Requires(Permission.ModelsWrite).WithMetadata(new SuccessStatus(201))
            .WithSummary("Register a language model");
        models.MapGet("/{modelId:guid}", GetAsync).Requires(Permission.ModelsRead).WithSummary("Get a language model");
        models.MapPatch("/{modelId:guid}", UpdateAsync).Requires(Permission.ModelsWrite)
            .WithSummary("Change a language model");
        models.MapDelete("/{modelId:guid}", DeleteAsync).Requires(Permission.ModelsWrite)
            .WithSummary("Delete a language model; what it cost stays");
        models.MapPost("/{modelId:guid}/test", TestAsync).Requires(Permission.ModelsWrite)
            .WithSummary("Ask a language model for one word, or for one vector");
        models.MapModelCalls();
    }

    private static async Task<ApiResponse<List<ModelView>>> ListAsync(
        [AsParameters] ModelQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (filter.Kind is { } kind && !Kinds.Contains(kind))
        {
            return Problem.Parameter("kind", $"'kind' is one of {string.Join(", ", Kinds)}.");
        }

        var page = pager.Read<TextKey>(query, request.Caller.TenantId, $"models?{filter}");
        var models = request.Db.Models.AsNoTracking();
        models = filter.Kind is { } wanted ? models.Where(row => row.Kind == wanted) : models;
        models = filter.Enabled is { } enabled ? models.Where(row => row.Enabled == enabled) : models;
        var total = await models.CountAsync(query, cancellationToken);
        var rows = await models.After(page, after => row => string.Compare(row.Name, after.Text) > 0)
            .OrderBy(row => row.Name).Take(page.Take).ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new TextKey(row.Name, row.Id), total);
        var connectors = await request.Db.Connectors.AsNoTracking()
            .Where(row => row.Type == ConnectorTypes.Model)
            .ToDictionaryAsync(row => row.Id, row => row.Name, cancellationToken);
        return ApiResponse<List<ModelView>>.Page(
            rows.ConvertAll(row => View(row, connectors.GetValueOrDefault(row.ConnectorId))), pagination,
            FieldSelection.Read<ModelView>(query));
    }

    private static async Task<ApiResponse<ModelView>> GetAsync(
        Guid modelId, ApiRequest request, CancellationToken token) =>
        await request.Db.Models.AsNoTracking().SingleOrDefaultAsync(row => row.Id == modelId, token) is { } model
            ? ApiResponse<ModelView>.Ok(await ViewAsync(request, model, token), model.Version)
            : new Problem(Errors.ModelNotFound);

    private static Task<ApiResponse<ModelView>> CreateAsync(Body<CreateModelRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        var checks = new Checks().Text("description", wanted.Description, Limits.DescriptionLength)
            .OneOf("kind", wanted.Kind, Kinds);
        if (!NameForm().IsMatch(wanted.Name))
        {
            checks.Add(
                "name", "NAME",
                "A name begins with a letter or digit and has at most 100 letters, digits, '_', '-', '.' and ':'.");
        }

        var model = new LanguageModel
        {
            TenantId = request.Caller.TenantId,
            Id = Guid.CreateVersion7(request.Now),
            Name = wanted.Name,
            Kind = wanted.Kind,
            ConnectorId = wanted.ConnectorId,
            Model = wanted.Model,
            Description = wanted.Description,
            Dimensions = Bound(wanted.Dimensions),
            ContextTokens = Bound(wanted.ContextTokens),
            MaxOutputTokens = Bound(wanted.MaxOutputTokens),
            InputPrice = wanted.InputPrice,
            OutputPrice = wanted.OutputPrice,
            CallsPerMinute = Bound(wanted.CallsPerMinute),
            TimeoutSeconds = wanted.TimeoutSeconds,
            Enabled = wanted.Enabled,
            IsDefault = wanted.IsDefault,
            Metadata = wanted.Metadata?.Text ?? "{}",
            CreatedAt = request.Now,
            UpdatedAt = request.Now,
        };
        if (Check(checks, model).Problem is { } problem)
        {
            return Task.FromResult<ApiResponse<ModelView>>(problem);
        }

        return request.ChangeAsync<ModelView>(async token =>
        {
            if (await request.Db.Models.CountAsync(token) >= Limits.ModelsPerTenant)
            {
                return new Problem(Errors.LimitReached, $"A tenant registers at most {Limits.ModelsPerTenant} models.");
            }

            if (await CheckConnectorAsync(request, model, token) is { } unknown)
            {
                return unknown;
            }

            await YieldDefaultAsync(request, model, token);
            request.Db.Models.Add(model);
            request.Record("model.create", "model", model.Id, model.Name, after: Told(model));
            return ApiResponse<ModelView>.Created(
                await ViewAsync(request, model, token), $"/api/v1/models/{model.Id}", model.Version);
        });
    }

    private static Task<ApiResponse<ModelView>> UpdateAsync(
        Guid modelId, Body<UpdateModelRequest> body, ApiRequest request) =>
        request.ChangeAsync<ModelView>(async token =>
        {
            var wanted = body.Value;
            if (await request.Db.Models.SingleOrDefaultAsync(row => row.Id == modelId, token) is not { } model)
            {
                return new Problem(Errors.ModelNotFound);
            }

            if (request.CheckMatch(model) is { } conflict)
            {
                return conflict;
            }

            var before = Told(model);
            Apply(wanted, model);
            if (Check(new Checks().Text("description", model.Description, Limits.DescriptionLength), model).Problem
                is { } problem)
            {
                return problem;
            }

            if (wanted.ConnectorId is not null && await CheckConnectorAsync(request, model, token) is { } unknown)
            {
                return unknown;
            }

            await YieldDefaultAsync(request, model, token);
            model.Touch(request.Now);
            request.Record("model.update", "model", modelId, model.Name, before, Told(model));
            return ApiResponse<ModelView>.Ok(await ViewAsync(request, model, token), model.Version);
        });

    private static Task<ApiResponse<Done>> DeleteAsync(Guid modelId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            if (await request.Db.Models.SingleOrDefaultAsync(row => row.Id == modelId, token) is not { } model)
            {
                return new Problem(Errors.ModelNotFound);
            }

            if (request.CheckMatch(model) is { } conflict)
            {
                return conflict;
            }

            if (await ResourceUsers.OfModelAsync(request.Db, model.Name, token) is { } inUse)
            {
                return inUse;
            }

            request.Db.Models.Remove(model);
            request.Record("model.delete", "model", modelId, model.Name, before: Told(model));
            return new Done(modelId, "deleted");
        });

    // The provider is asked outside of any transaction; the call stands in the ledger like any other.
    private static async Task<ApiResponse<ModelTestView>> TestAsync(
        Guid modelId, ApiRequest request, IModelCaller caller, CancellationToken cancellationToken)
    {
        var model = await request.Db.Models.AsNoTracking()
            .SingleOrDefaultAsync(row => row.Id == modelId, cancellationToken);
        if (model is null)
        {
            return new Problem(Errors.ModelNotFound);
        }

        var test = await AskAsync(model, request, caller, cancellationToken);
        return await request.ChangeAsync<ModelTestView>(token =>
        {
            request.Record("model.test", "model", modelId, model.Name, after: new { test.Succeeded, test.Message });
            return Task.FromResult<ApiResponse<ModelTestView>>(test);
        });
    }

    private static async Task<ModelTestView> AskAsync(
        LanguageModel model, ApiRequest request, IModelCaller caller, CancellationToken cancellationToken)
    {
        var origin = new ModelCallOrigin("test") { UserId = request.Caller.PersonId };
        try
        {
            if (model.Kind == "embedding")
            {
                var vectors = await caller.EmbedAsync(
                    new EmbedRequest(model.TenantId, model.Name, origin, ["A test."]), cancellationToken);
                return new ModelTestView(
                    true, $"It answers vectors of {vectors.Vectors[0].Length} numbers.", null, vectors.CostUsd);
            }

            var answer = await caller.CallAsync(
                new ModelRequest(
                    model.TenantId, model.Name, origin,
                    [new ChatMessage(ChatRole.User, "Answer with the one word: ready")]),
                cancellationToken);
            return new ModelTestView(
                true, $"It answers: {Cut(answer.Text)}", answer.Duration.TotalMilliseconds, answer.CostUsd);
        }
        catch (ModelException exception)
        {
            return new ModelTestView(false, $"{exception.Code}: {exception.Message}", null, null);
        }
    }

    private static string Cut(string text) => text.Length > 200 ? text[..200] + "…" : text;

    // A unique index holds one default of a kind; the one before makes room first.
    private static async Task YieldDefaultAsync(ApiRequest request, LanguageModel model, CancellationToken token)
    {
        if (model.IsDefault)
        {
            await request.Db.Models.Where(row => row.Kind == model.Kind && row.IsDefault && row.Id != model.Id)
                .ExecuteUpdateAsync(
                    change => change.SetProperty(row => row.IsDefault, false)
                        .SetProperty(row => row.Version, row => row.Version + 1)
                        .SetProperty(row => row.UpdatedAt, request.Now),
                    token);
        }
    }

    private static void Apply(UpdateModelRequest wanted, LanguageModel model)
    {
        model.ConnectorId = wanted.ConnectorId ?? model.ConnectorId;
        model.Model = wanted.Model ?? model.Model;
        model.Description = wanted.Description ?? model.Description;
        model.Dimensions = wanted.Dimensions is { } dimensions ? Bound(dimensions) : model.Dimensions;
        model.ContextTokens = wanted.ContextTokens is { } context ? Bound(context) : model.ContextTokens;
        model.MaxOutputTokens = wanted.MaxOutputTokens is { } output ? Bound(output) : model.MaxOutputTokens;
        model.CallsPerMinute = wanted.CallsPerMinute is { } calls ? Bound(calls) : model.CallsPerMinute;
        model.InputPrice = wanted.InputPrice ?? model.InputPrice;
        model.OutputPrice = wanted.OutputPrice ?? model.OutputPrice;
        model.TimeoutSeconds = wanted.TimeoutSeconds ?? model.TimeoutSeconds;
        model.Enabled = wanted.Enabled ?? model.Enabled;
        model.IsDefault = wanted.IsDefault ?? model.IsDefault;
        model.Metadata = wanted.Metadata?.Text ?? model.Metadata;
    }

    private static int? Bound(int? number) => number == 0 ? null : number;

    private static async Task<Problem?> CheckConnectorAsync(
        ApiRequest request, LanguageModel model, CancellationToken token) =>
        await request.Db.Connectors.AnyAsync(
            row => row.Id == model.ConnectorId && row.Type == ConnectorTypes.Model, token)
            ? null
            : new Checks().Add("connectorId", "UNKNOWN", "There is no connector of the type model of this id.").Problem;

    private static Checks Check(Checks checks, LanguageModel model)
    {
        if (model.Model.Length is 0 or > Limits.NameLength || model.Model.Any(char.IsControl))
        {
            checks.Add("model", "LENGTH", $"'model' has 1 to {Limits.NameLength} characters.");
        }

        foreach (var (field, number) in new[]
        {
            ("dimensions", model.Dimensions), ("contextTokens", model.ContextTokens),
            ("maxOutputTokens", model.MaxOutputTokens), ("callsPerMinute", model.CallsPerMinute),
        })
        {
            if (number < 1)
            {
                checks.Add(field, "RANGE", $"'{field}' is at least 1; 0 = no bound.");
            }
        }

        foreach (var (field, price) in new[] { ("inputPrice", model.InputPrice), ("outputPrice", model.OutputPrice) })
        {
            if (price is < 0 or > Limits.ModelPrice)
            {
                checks.Add(
                    field, "RANGE",
                    $"'{field}' lies between 0 and {Limits.ModelPrice} US dollars for a million tokens.");
            }
        }

        if (model.TimeoutSeconds is < 1 or > 600)
        {
            checks.Add("timeoutSeconds", "RANGE", "'timeoutSeconds' lies between 1 and 600.");
        }

        if (Encoding.UTF8.GetByteCount(model.Metadata) > Limits.ModelMetadataBytes
            || JsonElement.Parse(model.Metadata).ValueKind != JsonValueKind.Object)
        {
            checks.Add("metadata", "TYPE", $"'metadata' is an object of at most {Limits.ModelMetadataBytes} bytes.");
        }

        return checks;
    }

    private static object Told(LanguageModel row) => new
    {
        row.Name,
        row.Kind,
        row.ConnectorId,
        row.Model,
        row.InputPrice,
        row.OutputPrice,
        row.CallsPerMinute,
        row.MaxOutputTokens,
        row.Enabled,
        row.IsDefault,
    };

    private static async Task<ModelView> ViewAsync(ApiRequest request, LanguageModel row, CancellationToken token) =>
        View(row, await request.Db.Connectors.AsNoTracking().Where(connector => connector.Id == row.ConnectorId)
            .Select(connector => connector.Name).SingleOrDefaultAsync(token));

    private static ModelView View(LanguageModel row, string? connector) => new(
        row.Id, row.Name, row.Kind, row.Description, row.ConnectorId, connector, row.Model, row.Dimensions,
        row.ContextTokens, row.MaxOutputTokens, row.InputPrice, row.OutputPrice, row.CallsPerMinute, row.TimeoutSeconds,
        row.Enabled, row.IsDefault, new RawJson(row.Metadata), row.CheckedAt, row.CheckSucceeded, row.CheckMessage,
        row.Version, row.CreatedAt, row.UpdatedAt);

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}\z")]
    private static partial Regex NameForm();
}
