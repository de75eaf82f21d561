/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the closed lists; for codes.c only. */
#ifndef PROTO_CODES_CLOSED_H
#define PROTO_CODES_CLOSED_H

#include "proto/codes.h"

static const struct code_words accreditation_state[] = {
    {"asked", .label = {"Demandé", "Aangevraagd", "Beantragt", "Applied for"}},
    {"granted", .label = {"Accordé", "Toegekend", "Erteilt", "Granted"}},
    {"withdrawn", .label = {"Retiré", "Ingetrokken", "Entzogen", "Withdrawn"}},
};
static const struct code_words role[] = {
    {"jobcoach", .label = {"Jobcoach", "Jobcoach", "Jobcoach", "Job coach"}},
    {"manager", .label = {"Gestionnaire d'EI", "Beheerder", "Betriebsleitung", "Manager"}},
    {"coordinator", .label = {"Coordination", "Coördinatie", "Koordination", "Coordinator"}},
    {"admin", .label = {"Administration", "Beheer", "Verwaltung", "Administrator"}},
};
static const struct code_words eligibility_result[] = {
    {"yes", .label = {"Oui", "Ja", "Ja", "Yes"}},
    {"no", .label = {"Non", "Nee", "Nein", "No"}},
    {"unknown", .label = {"À vérifier", "Na te gaan", "Zu prüfen", "To be checked"}},
};
static const struct code_words session_state[] = {
    {"draft", .label = {"Brouillon", "Ontwerp", "Entwurf", "Draft"}},
    {"validated", .label = {"Validée", "Gevalideerd", "Bestätigt", "Validated"}},
};
static const struct code_words action_party[] = {
    {"person", .label = {"La personne", "De persoon", "Die Person", "The person"}},
    {"jobcoach", .label = {"Le jobcoach", "De jobcoach", "Der Jobcoach", "The job coach"}},
    {"CPAS", .label = {"Le CPAS", "Het OCMW", "Das ÖSHZ", "The CPAS"}},
    {"EI", .label = {"L'entreprise d'insertion", "Het inschakelingsbedrijf",
                     "Der Eingliederungsbetrieb", "The integration enterprise"}},
    {"third", .label = {"Un tiers", "Een derde", "Ein Dritter", "A third party"}},
};
static const struct code_words position_kind[] = {
    {"offer", .label = {"Offre d'emploi", "Vacature", "Stellenangebot", "Job offer"}},
    {"ART60", .label = {"Poste Art. 60", "Plaats art. 60", "Stelle Art. 60", "Art. 60 post"}},
    {"internship",
     .label = {"Place de stage", "Stageplaats", "Praktikumsplatz", "Internship place"}},
};
static const struct code_words position_state[] = {
    {"open", .label = {"Ouvert", "Open", "Offen", "Open"}},
    {"filled", .label = {"Pourvu", "Ingevuld", "Besetzt", "Filled"}},
    {"closed", .label = {"Clos", "Gesloten", "Geschlossen", "Closed"}},
};
static const struct code_words internship_after[] = {
    {"hired", .label = {"Engagé", "Aangeworven", "Eingestellt", "Hired"}},
    {"other_internship",
     .label = {"Autre stage", "Andere stage", "Anderes Praktikum", "Other internship"}},
    {"training", .label = {"Formation", "Opleiding", "Ausbildung", "Training"}},
    {"none", .label = {"Sans suite", "Geen gevolg", "Ohne Folge", "None"}},
};
static const struct code_words in_job[] = {
    {"same", .label = {"Oui, même employeur", "Ja, zelfde werkgever",
                       "Ja, gleicher Arbeitgeber", "Yes, same employer"}},
    {"other", .label = {"Oui, autre employeur", "Ja, andere werkgever",
                        "Ja, anderer Arbeitgeber", "Yes, other employer"}},
    {"no", .label = {"Non", "Nee", "Nein", "No"}},
    {"unknown", .label = {"Inconnu", "Onbekend", "Unbekannt", "Unknown"}},
};
static const struct code_words consent_purpose[] = {
    {"information", .label = {"Information", "Informatie", "Information", "Information"}},
    {"share_structure",
     .label = {"Partage avec une structure", "Delen met een organisatie",
               "Weitergabe an eine Einrichtung", "Sharing with a structure"}},
    {"testimonial", .label = {"Témoignage", "Getuigenis", "Erfahrungsbericht", "Testimonial"}},
    {"photo", .label = {"Photo", "Foto", "Foto", "Photo"}},
    {"esf", .label = {"Données FSE", "ESF-gegevens", "ESF-Daten", "ESF data"}},
    {"recontact_6_months",
     .label = {"Recontact à 6 mois", "Opnieuw contacteren na 6 maanden",
               "Erneuter Kontakt nach 6 Monaten", "Contact again after 6 months"}},
};
static const struct code_words consent_mode[] = {
    {"signed", .label = {"Signé", "Ondertekend", "Unterschrieben", "Signed"}},
    {"oral_noted",
     .label = {"Oral, noté", "Mondeling, genoteerd", "Mündlich, vermerkt", "Oral, noted"}},
};
static const struct code_words shares[] = {
    {"facts", .label = {"Les faits", "De feiten", "Die Fakten", "The facts"}},
    {"facts_notes", .label = {"Les faits et les notes", "De feiten en de notities",
                              "Die Fakten und die Notizen", "The facts and the notes"}},
};
static const struct code_words sensitive_kind[] = {
    {"health", .label = {"Santé", "Gezondheid", "Gesundheit", "Health"}},
    {"recognised_disability", .label = {"Handicap reconnu", "Erkende handicap",
                                        "Anerkannte Behinderung", "Recognised disability"}},
    {"addiction", .label = {"Assuétude", "Verslaving", "Sucht", "Addiction"}},
    {"judicial", .label = {"Judiciaire", "Gerechtelijk", "Justiz", "Judicial"}},
    {"origin", .label = {"Origine", "Herkomst", "Herkunft", "Origin"}},
    {"other", .label = {"Autre", "Andere", "Sonstiges", "Other"}},
};
static const struct code_words referral_answer[] = {
    {"pending", .label = {"En attente", "In afwachting", "Ausstehend", "Pending"}},
    {"accepted", .label = {"Acceptée", "Aanvaard", "Angenommen", "Accepted"}},
    {"refused", .label = {"Refusée", "Geweigerd", "Abgelehnt", "Refused"}},
    {"expired", .label = {"Expirée", "Verlopen", "Abgelaufen", "Expired"}},
    {"withdrawn", .label = {"Retirée", "Ingetrokken", "Zurückgezogen", "Withdrawn"}},
    {"ended", .label = {"Terminée", "Beëindigd", "Beendet", "Ended"}},
};
static const struct code_words assignment_role[] = {
    {"referent", .label = {"Référent", "Referent", "Bezugsperson", "Referent"}},
    {"co_referent",
     .label = {"Coréférent", "Coreferent", "Zweite Bezugsperson", "Co-referent"}},
    {"facilitator", .label = {"Facilitateur", "Facilitator", "Vermittler", "Facilitator"}},
    {"tutor", .label = {"Tuteur", "Tutor", "Tutor", "Tutor"}},
    {"mentor", .label = {"Mentor", "Mentor", "Mentor", "Mentor"}},
    {"substitute", .label = {"Remplaçant", "Vervanger", "Vertretung", "Substitute"}},
};
static const struct code_words language[] = {
    {"fr", .label = {"Français", "Frans", "Französisch", "French"}},
    {"nl", .label = {"Néerlandais", "Nederlands", "Niederländisch", "Dutch"}},
    {"de", .label = {"Allemand", "Duits", "Deutsch", "German"}},
    {"en", .label = {"Anglais", "Engels", "Englisch", "English"}},
    {"other", .label = {"Autre", "Andere", "Andere", "Other"}},
};
static const struct code_words gender[] = {
    {"F", .label = {"Femme", "Vrouw", "Frau", "Woman"}},
    {"M", .label = {"Homme", "Man", "Mann", "Man"}},
    {"X", .label = {"X", "X", "Divers", "X"}},
    {"unknown", .label = {"Inconnu", "Onbekend", "Unbekannt", "Unknown"}},
};
static const struct code_words nationality[] = {
    {"BE", .label = {"Belge", "Belgisch", "Belgisch", "Belgian"}},
    {"EU",
     .label = {"Union européenne", "Europese Unie", "Europäische Union", "European Union"}},
    {"other", .label = {"Hors Union européenne", "Buiten de Europese Unie", "Außerhalb der EU",
                        "Outside the European Union"}},
};
static const struct code_words potential[] = {
    {"low", .label = {"Faible", "Laag", "Gering", "Low"}},
    {"medium", .label = {"Moyen", "Middelmatig", "Mittel", "Medium"}},
    {"high", .label = {"Élevé", "Hoog", "Hoch", "High"}},
};
static const struct code_words contact_kind[] = {
    {"phone", .label = {"Téléphone", "Telefoon", "Telefon", "Phone"}},
    {"email", .label = {"Courriel", "E-mail", "E-Mail", "E-mail"}},
};
static const struct code_words pathway_state[] = {
    {"open", .label = {"Ouvert", "Open", "Offen", "Open"}},
    {"suspended", .label = {"Suspendu", "Opgeschort", "Ausgesetzt", "Suspended"}},
    {"closed", .label = {"Clos", "Afgesloten", "Abgeschlossen", "Closed"}},
};
static const struct code_words plan_state[] = {
    {"planned", .label = {"Prévu", "Gepland", "Geplant", "Planned"}},
    {"in_progress", .label = {"En cours", "Bezig", "Läuft", "In progress"}},
    {"done", .label = {"Fait", "Gedaan", "Erledigt", "Done"}},
    {"dropped", .label = {"Abandonné", "Opgegeven", "Aufgegeben", "Dropped"}},
};
static const struct code_words conflict_state[] = {
    {"open", .label = {"À décider", "Te beslissen", "Zu entscheiden", "To be decided"}},
    {"decided", .label = {"Décidé", "Beslist", "Entschieden", "Decided"}},
};
static const struct code_words duplicate_kind[] = {
    {"person", .label = {"Personne", "Persoon", "Person", "Person"}},
    {"company", .label = {"Entreprise", "Bedrijf", "Unternehmen", "Company"}},
    {"session", .label = {"Séance", "Sessie", "Sitzung", "Session"}},
    {"exit", .label = {"Sortie", "Uitstroom", "Austritt", "Exit"}},
};
static const struct code_words duplicate_state[] = {
    {"open", .label = {"À décider", "Te beslissen", "Zu entscheiden", "To be decided"}},
    {"same", .label = {"Les mêmes", "Dezelfde", "Dieselben", "The same"}},
    {"different", .label = {"Différents", "Verschillend", "Verschieden", "Different"}},
};
static const struct code_words opened[] = {
    {"dossier", .label = {"Le dossier", "Het dossier", "Die Akte", "The file"}},
    {"notes", .label = {"Les notes", "De notities", "Die Notizen", "The notes"}},
    {"vault", .label = {"Le coffre", "De kluis", "Der Tresor", "The vault"}},
    {"national_number", .label = {"Le numéro national", "Het rijksregisternummer",
                                  "Die Nationalnummer", "The national number"}},
};
static const struct code_words erasure_reason[] = {
    {"request", .label = {"Demande de la personne", "Verzoek van de persoon",
                          "Antrag der Person", "Request of the person"}},
    {"retention", .label = {"Fin de conservation", "Einde van de bewaring",
                            "Ende der Aufbewahrung", "End of retention"}},
    {"other", .label = {"Autre", "Andere", "Sonstiges", "Other"}},
};
static const struct code_words erasure_role[] = {
    {"jobcoach", .label = {"Jobcoach", "Jobcoach", "Jobcoach", "Job coach"}},
    {"manager", .label = {"Gestionnaire d'EI", "Beheerder", "Betriebsleitung", "Manager"}},
    {"coordinator", .label = {"Coordination", "Coördinatie", "Koordination", "Coordinator"}},
};
static const struct code_words erasure_state[] = {
    {"asked", .label = {"Demandé", "Gevraagd", "Beantragt", "Asked"}},
    {"declined", .label = {"Refusé", "Geweigerd", "Abgelehnt", "Declined"}},
    {"confirmed", .label = {"Confirmé", "Bevestigd", "Bestätigt", "Confirmed"}},
};
static const struct code_words resource_state[] = {
    {"draft", .label = {"Brouillon", "Ontwerp", "Entwurf", "Draft"}},
    {"review", .label = {"En relecture", "In nalezing", "In Prüfung", "In review"}},
    {"published", .label = {"Publiée", "Gepubliceerd", "Veröffentlicht", "Published"}},
    {"archived", .label = {"Archivée", "Gearchiveerd", "Archiviert", "Archived"}},
};
static const struct code_words testimonial_state[] = {
    {"draft", .label = {"Brouillon", "Ontwerp", "Entwurf", "Draft"}},
    {"published", .label = {"Publié", "Gepubliceerd", "Veröffentlicht", "Published"}},
    {"withdrawn", .label = {"Retiré", "Ingetrokken", "Zurückgezogen", "Withdrawn"}},
};
static const struct code_words barrier_state[] = {
    {"noted", .label = {"Signalé", "Gemeld", "Gemeldet", "Noted"}},
    {"documented", .label = {"Documenté", "Gedocumenteerd", "Dokumentiert", "Documented"}},
    {"submitted", .label = {"Transmis", "Overgemaakt", "Übermittelt", "Submitted"}},
    {"solved", .label = {"Résolu", "Opgelost", "Gelöst", "Solved"}},
};
static const struct code_words visit_state[] = {
    {"asked", .label = {"Demandée", "Gevraagd", "Angefragt", "Asked"}},
    {"accepted", .label = {"Acceptée", "Aanvaard", "Angenommen", "Accepted"}},
    {"done", .label = {"Faite", "Gedaan", "Erledigt", "Done"}},
};
static const struct code_words improvement_state[] = {
    {"open", .label = {"Ouverte", "Open", "Offen", "Open"}},
    {"done", .label = {"Faite", "Gedaan", "Erledigt", "Done"}},
};
static const struct code_words deadline_state[] = {
    {"todo", .label = {"À faire", "Te doen", "Zu erledigen", "To do"}},
    {"postponed", .label = {"Reportée", "Uitgesteld", "Verschoben", "Postponed"}},
    {"not_applicable",
     .label = {"Sans objet", "Niet van toepassing", "Gegenstandslos", "Not applicable"}},
    {"done", .label = {"Faite", "Gedaan", "Erledigt", "Done"}},
};
static const struct code_words deadline_source[] = {
    {"rule", .label = {"Règle", "Regel", "Regel", "Rule"}},
    {"manual", .label = {"Saisie", "Ingevoerd", "Eingegeben", "Entered by hand"}},
};
static const struct code_words skill[] = {
    {"listen", .label = {"Écouter", "Luisteren", "Hören", "Listening"}},
    {"read", .label = {"Lire", "Lezen", "Lesen", "Reading"}},
    {"speak", .label = {"Parler", "Spreken", "Sprechen", "Speaking"}},
    {"write", .label = {"Écrire", "Schrijven", "Schreiben", "Writing"}},
};
static const struct code_words cefr_level[] = {
    {"A1", .label = {"A1", "A1", "A1", "A1"}}, {"A2", .label = {"A2", "A2", "A2", "A2"}},
    {"B1", .label = {"B1", "B1", "B1", "B1"}}, {"B2", .label = {"B2", "B2", "B2", "B2"}},
    {"C1", .label = {"C1", "C1", "C1", "C1"}}, {"C2", .label = {"C2", "C2", "C2", "C2"}},
};
static const struct code_words assessment_state[] = {
    {"draft", .label = {"Brouillon", "Ontwerp", "Entwurf", "Draft"}},
    {"locked", .label = {"Clôturé", "Afgesloten", "Abgeschlossen", "Locked"}},
};
static const struct code_words candidacy_state[] = {
    {"proposed", .label = {"Proposée", "Voorgesteld", "Vorgeschlagen", "Proposed"}},
    {"sent", .label = {"Envoyée", "Verzonden", "Versandt", "Sent"}},
    {"interview", .label = {"Entretien", "Gesprek", "Gespräch", "Interview"}},
    {"accepted", .label = {"Acceptée", "Aanvaard", "Angenommen", "Accepted"}},
    {"refused", .label = {"Refusée", "Geweigerd", "Abgelehnt", "Refused"}},
};
static const struct code_words validation_step[] = {
    {"info", .label = {"Information", "Informatie", "Information", "Information"}},
    {"guidance", .label = {"Guidance", "Begeleiding", "Beratung", "Guidance"}},
    {"registered", .label = {"Inscription", "Inschrijving", "Anmeldung", "Registered"}},
    {"test", .label = {"Épreuve", "Proef", "Prüfung", "Test"}},
    {"jury", .label = {"Jury", "Jury", "Jury", "Jury"}},
    {"title", .label = {"Titre", "Titel", "Titel", "Title"}},
};
static const struct code_words validation_result[] = {
    {"pass", .label = {"Réussite", "Geslaagd", "Bestanden", "Pass"}},
    {"partial", .label = {"Réussite partielle", "Gedeeltelijk geslaagd", "Teilweise bestanden",
                          "Partial"}},
    {"fail", .label = {"Échec", "Niet geslaagd", "Nicht bestanden", "Fail"}},
};
static const struct code_words participation_milestone[] = {
    {"entry", .label = {"Entrée", "Instroom", "Eintritt", "Entry"}},
    {"exit", .label = {"Sortie", "Uitstroom", "Austritt", "Exit"}},
    {"m6", .label = {"À 6 mois", "Na 6 maanden", "Nach 6 Monaten", "At 6 months"}},
};

#endif
