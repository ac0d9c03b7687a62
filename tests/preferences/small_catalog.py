"""A catalog of well-known films for the tests of preferences: every facet that a request may be about."""

from __future__ import annotations

from functools import cache

from safecrs.catalog import Catalog, Item

# Columns: title, year, genres, countries, languages, directors, cast, series, moods, themes, runtime,
# audience, popularity.
ROWS = """
Titanic | 1997 | drama, romance | US | en | James Cameron | Leonardo DiCaprio, Kate Winslet | | romantic, sad, epic | disaster, ocean, love | 194 | general | 5
Inception | 2010 | action, sci-fi, thriller | US, GB | en | Christopher Nolan | Leonardo DiCaprio, Elliot Page | | mind-bending, tense | dreams, heist | 148 | general | 5
Memento | 2000 | mystery, thriller | US | en | Christopher Nolan | Guy Pearce | | dark, mind-bending | amnesia, revenge, twist ending | 113 | adults | 4
Parasite | 2019 | comedy, drama, thriller | KR | ko | Bong Joon Ho | Song Kang-ho | | dark, satirical, tense | class, con artists, family | 132 | adults | 4
Sleepless in Seattle | 1993 | comedy, drama, romance | US | en | Nora Ephron | Tom Hanks, Meg Ryan | | romantic, feel-good, cosy | grief, second chances, seattle | 105 | general | 4
When Harry Met Sally... | 1989 | comedy, romance | US | en | Rob Reiner | Billy Crystal, Meg Ryan | | witty, romantic | friendship, new york, friends to lovers | 95 | general | 4
Pulp Fiction | 1994 | crime, drama | US | en | Quentin Tarantino | John Travolta, Uma Thurman, Samuel L. Jackson | | gritty, witty | gangsters, drugs, boxing | 154 | adults | 5
Amélie | 2001 | comedy, romance | FR, DE | fr | Jean-Pierre Jeunet | Audrey Tautou | | whimsical, quirky, light | paris, loneliness | 122 | general | 4
Spirited Away | 2001 | animation, adventure, family, fantasy | JP | ja | Hayao Miyazaki | Rumi Hiiragi | | whimsical, dreamlike | ghosts, magic, anime, coming of age | 125 | family | 4
Finding Nemo | 2003 | animation, adventure, comedy, family | US | en | Andrew Stanton | Albert Brooks, Ellen DeGeneres | Finding Nemo #1 | heartwarming, funny | ocean, sharks, talking animals, fathers and sons | 100 | family | 5
Toy Story | 1995 | animation, comedy, family, children | US | en | John Lasseter | Tom Hanks, Tim Allen | Toy Story #1 | playful, funny | toys, friendship | 81 | kids | 5
Ocean's Eleven | 2001 | crime, thriller | US | en | Steven Soderbergh | George Clooney, Brad Pitt, Julia Roberts | Ocean's #1 | stylish, witty, playful | heist, las vegas, casino, con artists | 116 | general | 4
Goldfinger | 1964 | action, adventure, thriller | GB | en | Guy Hamilton | Sean Connery | James Bond #3 | campy, thrilling | spies, gadgets | 110 | general | 4
Skyfall | 2012 | action, adventure, thriller | GB, US | en | Sam Mendes | Daniel Craig, Judi Dench | James Bond #23 | thrilling | spies, revenge | 143 | general | 5
Batman Begins | 2005 | action, crime | US, GB | en | Christopher Nolan | Christian Bale, Michael Caine | Batman (Nolan) #1 | dark | superheroes, based on a comic, revenge | 140 | general | 4
Batman | 1989 | action, crime | US | en | Tim Burton | Michael Keaton, Jack Nicholson | Batman (Burton) #1 | dark, campy | superheroes, based on a comic | 126 | general | 4
Die Hard | 1988 | action, thriller | US | en | John McTiernan | Bruce Willis, Alan Rickman | Die Hard #1 | action-packed, thrilling | christmas, hostages, police, terrorism | 132 | adults | 5
Alien | 1979 | horror, sci-fi | US, GB | en | Ridley Scott | Sigourney Weaver | Alien #1 | tense, scary, slow-burn | aliens, space, strong female lead | 117 | adults | 5
Halloween | 1978 | horror, thriller | US | en | John Carpenter | Jamie Lee Curtis | Halloween #1 | creepy, suspenseful | slasher, serial killer, halloween, babysitting | 91 | adults | 4
The Shining | 1980 | horror | US, GB | en | Stanley Kubrick | Jack Nicholson, Shelley Duvall | | creepy, disturbing, atmospheric | haunted house, madness, hotel, snow, based on a book, stephen king | 146 | adults | 5
Casablanca | 1942 | drama, romance, war | US | en | Michael Curtiz | Humphrey Bogart, Ingrid Bergman | | bittersweet, nostalgic | world war ii, black and white, love triangle | 102 | general | 5
Singin' in the Rain | 1952 | comedy, musical, romance | US | en | Stanley Donen, Gene Kelly | Gene Kelly, Debbie Reynolds | | light, feel-good | hollywood, dance, filmmaking | 103 | family | 4
The Hunt for Red October | 1990 | action, thriller | US | en | John McTiernan | Sean Connery, Alec Baldwin | Jack Ryan #1 | tense, suspenseful | submarines, cold war, cia | 135 | general | 4
Groundhog Day | 1993 | comedy, fantasy, romance | US | en | Harold Ramis | Bill Murray, Andie MacDowell | | funny, feel-good, uplifting | time loop, small town | 101 | general | 5
Paddington 2 | 2017 | comedy, family, adventure | GB, FR | en | Paul King | Ben Whishaw, Hugh Grant | Paddington #2 | cosy, heartwarming, gentle | bears, london, prison | 103 | family | 4
Get Out | 2017 | horror, mystery, thriller | US | en | Jordan Peele | Daniel Kaluuya | | creepy, satirical, thought-provoking | racism, hypnosis | 104 | adults | 4
Lagaan | 2001 | drama, history, musical, sport | IN | hi | Ashutosh Gowariker | Aamir Khan | | inspiring, epic | cricket, underdog, village | 224 | general | 3
Pan's Labyrinth | 2006 | drama, fantasy, war | ES, MX | es | Guillermo del Toro | Ivana Baquero | | dark, dreamlike, melancholic | fairy tale, monsters, civil war | 118 | adults | 4
Run Lola Run | 1998 | crime, thriller | DE | de | Tom Tykwer | Franka Potente | | fast-paced, stylish | time loop, berlin | 81 | general | 3
Searching for Bobby Fischer | 1993 | drama, sport | US | en | Steven Zaillian | Joe Mantegna, Ben Kingsley | | hopeful, gentle, inspiring | chess, fathers and sons, based on a true story | 109 | family | 3
Little Miss Sunshine | 2006 | comedy, drama | US | en | Jonathan Dayton, Valerie Faris | Steve Carell, Toni Collette | | quirky, bittersweet, funny | road trip, family, beauty pageant | 101 | adults | 4
Catch Me If You Can | 2002 | biography, crime, drama | US | en | Steven Spielberg | Leonardo DiCaprio, Tom Hanks | | playful, light | con artists, fbi, based on a true story, 1960s | 141 | general | 4
Harry Potter and the Sorcerer's Stone | 2001 | adventure, family, fantasy | GB, US | en | Chris Columbus | Daniel Radcliffe, Emma Watson | Harry Potter #1 | whimsical, nostalgic | magic, witches, school, based on a book | 152 | family | 5
Free Solo | 2018 | documentary, sport | US | en | Jimmy Chin | Alex Honnold | | tense, inspiring | climbing, mountains | 100 | general | 3
Unforgiven | 1992 | drama, western | US | en | Clint Eastwood | Clint Eastwood, Gene Hackman, Morgan Freeman | | bleak, gritty | revenge, ageing, western frontier | 130 | adults | 4
Superbad | 2007 | comedy | US | en | Greg Mottola | Jonah Hill, Michael Cera, Emma Stone | | raunchy, funny, silly | high school, friendship, party | 113 | teens | 4
Saving Private Ryan | 1998 | drama, war | US | en | Steven Spielberg | Tom Hanks, Matt Damon | | intense, gritty | world war ii, soldiers | 169 | adults | 5
The Avengers | 2012 | action, adventure, sci-fi | US | en | Joss Whedon | Robert Downey Jr., Chris Evans, Scarlett Johansson | Marvel Cinematic Universe #6 | epic, action-packed | superheroes, aliens, based on a comic | 143 | general | 5
Men in Black | 1997 | action, comedy, sci-fi | US | en | Barry Sonnenfeld | Will Smith, Tommy Lee Jones | Men in Black #1 | funny, playful | aliens, buddy cops, new york | 98 | general | 5
La La Land | 2016 | comedy, drama, musical, romance | US | en | Damien Chazelle | Ryan Gosling, Emma Stone | | bittersweet, romantic, nostalgic | musician, los angeles, dreams | 128 | general | 5
The Notebook | 2004 | drama, romance | US | en | Nick Cassavetes | Ryan Gosling, Rachel McAdams | | tearjerker, romantic, sad | first love, ageing | 123 | general | 4
Before Sunrise | 1995 | drama, romance | US, AT | en | Richard Linklater | Ethan Hawke, Julie Delpy | Before #1 | intimate, romantic, thought-provoking | one night, vienna | 101 | general | 3
The Thing | 1982 | horror, sci-fi | US | en | John Carpenter | Kurt Russell | | bleak, scary, tense | aliens, snow, body horror | 109 | adults | 4
Rear Window | 1954 | mystery, thriller | US | en | Alfred Hitchcock | James Stewart, Grace Kelly | | suspenseful, tense | single location, murder, voyeurism, photography | 112 | general | 4
Fantastic Mr. Fox | 2009 | animation, comedy, family | US, GB | en | Wes Anderson | George Clooney, Meryl Streep | | quirky, cosy, whimsical | stop motion, talking animals, heist, based on a book | 87 | family | 4
Magnolia | 1999 | drama | US | en | Paul Thomas Anderson | Julianne Moore, Tom Cruise | | intense, weird | los angeles, regret | 188 | adults | 3
Zombieland | 2009 | comedy, horror | US | en | Ruben Fleischer | Woody Harrelson, Emma Stone | Zombieland #1 | funny, absurd, spooky-fun | zombies, road trip, apocalypse | 88 | adults | 4
Whiplash | 2014 | drama, music | US | en | Damien Chazelle | Miles Teller, J.K. Simmons | | intense, tense, relaxing | musician, teachers, obsession | 106 | adults | 4
Airplane! | 1980 | comedy | US | en | Jim Abrahams | Leslie Nielsen | | silly, absurd | parody, airplane, dogs, wedding | 88 | general | 4
The Sixth Sense | 1999 | drama, mystery, thriller | US | en | M. Night Shyamalan | Bruce Willis, Haley Joel Osment | | mysterious, creepy | ghosts, twist ending | 107 | general | 5
""".strip().splitlines()  # noqa: E501


def _several(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(",") if part.strip())


@cache
def small_catalog() -> Catalog:
    items = []
    for line in ROWS:
        title, year, *lists, runtime, audience, popularity = (cell.strip() for cell in line.split("|"))
        genres, countries, languages, directors, cast, series, moods, themes = map(_several, lists)
        items.append(
            Item(
                title,
                int(year),
                genres=genres,
                countries=countries,
                languages=languages,
                directors=directors,
                cast=cast,
                series=series,
                moods=moods,
                themes=themes,
                runtime=int(runtime),
                audience=audience,
                popularity=float(popularity),
            )
        )
    return Catalog.from_items(items)
