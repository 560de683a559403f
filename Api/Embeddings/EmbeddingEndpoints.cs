using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Embeddings;

namespace Workflows.Api.Embeddings;

/// <summary>Vectors that clients bring of what they know and the platform does not, and the search among
/// them.</summary>
internal static class EmbeddingEndpoints
{
    public static IServiceCollection AddEmbeddings(this IServiceCollection services) =>
        services.AddSingleton<EmbeddingStore>().AddSingleton<EmbeddingSearch>();

    public static void MapEmbeddings(this IEndpointRouteBuilder routes)
    {
        var embeddings = routes.MapGroup("/embeddings").WithTags("Knowledge").WithMetadata(new WholeTenantOnly());
        embeddings.MapGet("", ListTypesAsync).Requires(Permission.KnowledgeRead)
            .WithSummary("List the content types that have vectors, with their dimensions");
        embeddings.MapPost("/search", SearchAsync).Requires(Permission.KnowledgeRead)
            .WithMetadata(new BodyLimit(Limits.EmbeddingBodyBytes))
            .WithSummary("Find the vectors nearest to one");
        embeddings.MapPut("/{contentType}", PutManyAsync).Requires(Permission.KnowledgeWrite)
            .WithMetadata(new BodyLimit(Limits.EmbeddingBodyBytes))
            .WithSummary("Store up to 100 vectors of a content type, all or none");
        embeddings.MapGet("/{contentType}", ListAsync).Requires(Permission.KnowledgeRead)
            .WithSummary("List the vectors of a content type by their ids");
        embeddings.MapDelete("/{contentType}", DeleteTypeAsync).Requires(Permission.KnowledgeWrite)
            .WithSummary("Delete all vectors of a content type; its dimension is free again");
        embeddings.MapPut("/{contentType}/{contentId}", PutAsync).Requires(Permission.KnowledgeWrite)
            .WithMetadata(new BodyLimit(Limits.EmbeddingBodyBytes))
            .WithSummary("Store a vector, in the place of an earlier one");
        embeddings.MapGet("/{contentType}/{contentId}", GetAsync).Requires(Permission.KnowledgeRead)
            .WithSummary("Get a vector");
        embeddings.MapDelete("/{contentType}/{contentId}", DeleteAsync).Requires(Permission.KnowledgeWrite)
            .WithSummary("Delete a vector");
    }

    private static async Task<ApiResponse<List<EmbeddingTypeView>>> ListTypesAsync(
        ApiRequest request, EmbeddingStore store, CancellationToken cancellationToken) =>
        (await store.TypesAsync(request.Caller.TenantId, null, cancellationToken)).ConvertAll(type =>
            new EmbeddingTypeView(type.ContentType, type.Dimension, type.Vectors, type.CreatedAt));

    private static async Task<ApiResponse<EmbeddingView>> PutAsync(
        string contentType, string contentId, Body<PutEmbeddingRequest> body, ApiRequest request, EmbeddingStore store,
        CancellationToken cancellationToken)
    {
        var item = new PutEmbeddingItem(contentId, body.Value.Vector, body.Value.Metadata, body.Value.Text);
        var problem = EmbeddingChecks.Type(contentType)
            ?? EmbeddingChecks.Item(new Checks(), "", item).Problem
            ?? await StoreAsync(contentType, [item], request, store, cancellationToken);
        return problem is null
            ? await GetAsync(contentType, contentId, request, store, cancellationToken)
            : problem;
    }

    private static async Task<ApiResponse<StoredCountView>> PutManyAsync(
        string contentType, Body<PutEmbeddingsRequest> body, ApiRequest request, EmbeddingStore store,
        CancellationToken cancellationToken)
    {
        var items = body.Value.Embeddings;
        var problem = EmbeddingChecks.Type(contentType) ?? EmbeddingChecks.Batch(items)
            ?? await StoreAsync(contentType, items, request, store, cancellationToken);
        return problem is null ? new StoredCountView(items.Length) : problem;
    }

    private static async Task<Problem?> StoreAsync(
        string contentType, PutEmbeddingItem[] items, ApiRequest request, EmbeddingStore store,
        CancellationToken cancellationToken)
    {
        try
        {
            await store.PutAsync(
                request.Caller.TenantId, contentType,
                [.. items.Select(item => new NewEmbedding(
                    item.ContentId, item.Vector, EmbeddingChecks.Bytes(item.Metadata), item.Text))],
                request.Now, cancellationToken);
            return null;
        }
        catch (EmbeddingDimensionException exception)
        {
            return new Problem(Errors.DimensionMismatch, exception.Message);
        }
        catch (EmbeddingTypesException exception)
        {
            return new Problem(Errors.LimitReached, exception.Message);
        }
    }

    private static async Task<ApiResponse<List<EmbeddingView>>> ListAsync(
        string contentType, [AsParameters] PageQuery query, ApiRequest request, EmbeddingStore store, Pager pager,
        CancellationToken cancellationToken)
    {
        var tenantId = request.Caller.TenantId;
        var page = pager.Read<TextKey>(query, tenantId, $"embeddings/{contentType}");
        if ((await store.TypesAsync(tenantId, contentType, cancellationToken)).Count == 0)
        {
            return new Problem(Errors.EmbeddingNotFound, "There are no vectors of this content type.");
        }

        var rows = await store.ListAsync(tenantId, contentType, page.After?.Text, page.Take, cancellationToken);
        var pagination = page.Close(rows, row => new TextKey(row.ContentId, Guid.Empty));
        return ApiResponse<List<EmbeddingView>>.Page(
            rows.ConvertAll(View), pagination, FieldSelection.Read<EmbeddingView>(query));
    }

    private static async Task<ApiResponse<EmbeddingView>> GetAsync(
        string contentType, string contentId, ApiRequest request, EmbeddingStore store,
        CancellationToken cancellationToken) =>
        await store.FindAsync(request.Caller.TenantId, contentType, contentId, cancellationToken) is { } found
            ? ApiResponse<EmbeddingView>.Ok(View(found), found.Version)
            : new Problem(Errors.EmbeddingNotFound);

    private static async Task<ApiResponse<Done>> DeleteAsync(
        string contentType, string contentId, ApiRequest request, EmbeddingStore store,
        CancellationToken cancellationToken) =>
        await store.DeleteAsync(request.Caller.TenantId, contentType, contentId, cancellationToken)
            ? new Done(Guid.Empty, "deleted")
            : new Problem(Errors.EmbeddingNotFound);

    private static async Task<ApiResponse<Done>> DeleteTypeAsync(
        string contentType, ApiRequest request, EmbeddingStore store, CancellationToken cancellationToken)
    {
        if (!await store.DeleteTypeAsync(request.Caller.TenantId, contentType, cancellationToken))
        {
            return new Problem(Errors.EmbeddingNotFound, "There are no vectors of this content type.");
        }

        return await request.ChangeAsync<Done>(_ =>
        {
            request.Record("embeddings.delete", "embedding_type", null, contentType);
            return Task.FromResult<ApiResponse<Done>>(new Done(Guid.Empty, "deleted"));
        });
    }

    private static async Task<ApiResponse<EmbeddingHitsView>> SearchAsync(
        Body<SearchEmbeddingsRequest> body, ApiRequest request, EmbeddingStore store, EmbeddingSearch search,
        CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        if (EmbeddingChecks.Search(wanted) is { } problem)
        {
            return problem;
        }

        var type = (await store.TypesAsync(request.Caller.TenantId, wanted.ContentType, cancellationToken))
            .FirstOrDefault();
        if (type is null)
        {
            return new EmbeddingHitsView([], IsExact: true);
        }

        if (type.Dimension != wanted.Vector.Length)
        {
            return new Problem(
                Errors.DimensionMismatch,
                $"The vectors of '{type.ContentType}' have {type.Dimension} numbers, and this one "
                    + $"{wanted.Vector.Length}.");
        }

        var found = await search.SearchAsync(
            request.Caller.TenantId, wanted.ContentType, wanted.Vector, EmbeddingChecks.Bytes(wanted.Metadata),
            wanted.Threshold ?? -1, wanted.Limit ?? Limits.DefaultEmbeddingHits, cancellationToken);
        return new EmbeddingHitsView(
            [.. found.Hits.Select(hit => new EmbeddingHitView(
                hit.ContentType, hit.ContentId, Math.Round(hit.Similarity, 6), new RawJson(hit.Metadata), hit.Text))],
            found.IsExact);
    }

    private static EmbeddingView View(StoredEmbedding row) => new(
        row.ContentType, row.ContentId, row.Vector, new RawJson(row.Metadata), row.Text, row.Version, row.CreatedAt,
        row.UpdatedAt);
}
