using System.Text.Json;
using Workflows.Engine.Sql;

namespace Workflows.Engine.Tests.Sql;

/// <summary>Where the values of a statement go, by the lexical rules of PostgreSQL.</summary>
public sealed class SqlStatementTests
{
    [Theory]
    [InlineData("select * from t where id = @id", "@id")]
    [InlineData("select @a, @b, @a", "@a @b @a")]
    [InlineData("where id=@id and n>=@n or m<>@m", "@id @n @m")]
    [InlineData("select '@a' || @b", "@b")]
    [InlineData("select 'it''s @a', @b", "@b")]
    [InlineData(@"select '\', @b", "@b")]
    [InlineData(@"select E'\'@a', @b", "@b")]
    [InlineData(@"select e'x\\', @b", "@b")]
    [InlineData("select E'a'\n  '\\'@a', @b", "@b")]
    [InlineData("select E'a' -- c\n '\\'@a', @b", "@b")]
    [InlineData("select U&'\\0041@a', @b", "@b")]
    [InlineData("select $$ @a $$, @b", "@b")]
    [InlineData("select $x$ @a $$ @c $x$, @b", "@b")]
    [InlineData("select a$1, @b", "@b")]
    [InlineData("select \"@a\"\"@c\", @b", "@b")]
    [InlineData("select 1 -- @a\n, @b", "@b")]
    [InlineData("select 1 /* @a /* @c */ @d */, @b", "@b")]
    [InlineData("select 5 --@a", "")]
    [InlineData("select a*/* @a */@b", "@b")]
    [InlineData("select x @> y, x <@ y, x @@ y, x @? y", "")]
    [InlineData("select @ x, @-5, @(x)", "")]
    [InlineData("select @id::int, x::text, @ids::int[]", "@id @ids")]
    [InlineData("select (@list)[@n]", "@list @n")]
    [InlineData("select list[1:@n]", "@n")]
    [InlineData("select @größe, @a_1, @1", "@größe @a_1 @1")]
    [InlineData("select $1, $2::int, $1", "$1 $2 $1")]
    [InlineData("select doc -> @key, doc ? @key, a - @n, a -@n", "@key @key @n @n")]
    [InlineData("select x @> @value", "@value")]
    [InlineData("select x @>@value", "@value")]
    [InlineData("select '@a", "")]
    [InlineData("select /* @a", "")]
    [InlineData("select $x$ @a", "")]
    [InlineData("select E'\\", "")]
    [InlineData("select @\"id\", a=@\"B c\"", "@\"id\" @\"B c\"")]
    [InlineData("select @\"", "")]
    [InlineData("select @\"\"", "")]
    [InlineData("select $0, $1", "$1")]
    public void Places_are_found_where_the_server_would_see_them(string text, string places) =>
        Assert.Equal(places, string.Join(' ', SqlStatement.Read(text).Places.Where(place => place.IsCertain)
            .Select(place => text.Substring(place.Start, place.Length))));

    [Theory]
    [InlineData("delete from orders where id = @id", "{}", "'@id'")]
    [InlineData("delete from orders where id = @id", "null", "'@id'")]
    [InlineData("select * from t where n > @qty", """{"quantity": 1, "qt": 2}""", "'@qty'")]
    [InlineData("select $1", "{}", "$1")]
    [InlineData("select $1", """{"a": 1}""", "$1")]
    [InlineData("select $2", "[1]", "$2")]
    [InlineData("select $1", "[1, 2]", "$1")]
    [InlineData("select @1", "[1]", "'@1'")]
    [InlineData("select @a", "\"x\"", "an object or a list")]
    [InlineData("delete from t where tags <@tags", "{}", "'@tags'")]
    [InlineData("delete from t where r<@r and true", "null", "'@r'")]
    [InlineData("delete from t where id = @\"id\"", "{}", "'@id'")]
    [InlineData("delete from t where id=@\"a\"\"b\"", """{"a": 1}""", "'@a\"b'")]
    [InlineData(
        "select a <@ b, a <@array[1], a <@any (x), a <@t.b, r <@int4range(1, 2), r <@date '2026-01-01'", "{}", null)]
    [InlineData("select a <@\"b\", a @@\"b\"", "{}", null)]
    [InlineData("select a @@b", "{}", null)]
    [InlineData("select $0", "null", null)]
    [InlineData("select @\"id\"", """{"id": 1}""", null)]
    [InlineData("select list[1:n]", "{}", null)]
    [InlineData("select @ID", """{"id": 1}""", null)]
    [InlineData("select @id", """{"@id": 1}""", null)]
    [InlineData("select 1", "null", null)]
    [InlineData("select $1", "[null]", null)]
    public void What_is_wanted_and_not_given_is_named(string text, string values, string? named)
    {
        var problem = SqlStatement.Read(text).FindMissing(JsonElement.Parse(values)).FirstOrDefault();

        Assert.Equal(named is null, problem is null);
        Assert.Contains(named ?? "", problem?.Message ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("select 1", true)]
    [InlineData("select 1; ; -- done\n /* ; */", true)]
    [InlineData("select ';' || $$;$$ || \"a;\"", true)]
    [InlineData("select 1; drop table t", false)]
    [InlineData("commit;drop table t", false)]
    [InlineData("select 1 /* ; */; 'x'", false)]
    public void A_second_statement_is_seen(string text, bool isOne) =>
        Assert.Equal(isOne, SqlStatement.Read(text).IsOne);

    [Fact]
    public void A_misspelt_name_is_told_from_both_sides()
    {
        var statement = SqlStatement.Read("update t set n = @quantity");
        var values = JsonElement.Parse("""{"quantty": 1}""");

        Assert.Equal("Did you mean 'quantty'?", Assert.Single(statement.FindMissing(values)).Hint);
        var superfluous = Assert.Single(statement.FindSuperfluous(values));
        Assert.Equal(("quantty", "Did you mean 'quantity'?"), (superfluous.Name, superfluous.Hint));
    }

    [Theory]
    [InlineData("select :name", "name")]
    [InlineData("select a <@name", "name")]
    [InlineData("select list[1:name]", "name")]
    [InlineData("select list[1:name], @other", "")]
    public void What_may_be_sql_is_a_place_when_its_value_is_given(string text, string used)
    {
        var statement = SqlStatement.Read(text);
        var given = new SqlNames(["name"]);

        Assert.Equal(used, string.Concat(statement.Places.Select(place => statement.Resolve(place, given))));
    }
}
